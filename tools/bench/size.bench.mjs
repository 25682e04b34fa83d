/** Cost per operation in one vault with 10^3, 10^4 and 10^5 secrets: set, get, and a page in the middle of the list. */
import { startCoffer } from './coffer.mjs';
import { load, once as ask, request } from './load.mjs';
import { report } from './report.mjs';

const SIZES = [1_000, 10_000, 100_000];
const coffer = await startCoffer();
const token = await coffer.token();
const { host } = coffer.vault;
const name = (i) => `s-${String(i).padStart(7, '0')}`;
const put = (secret) =>
  request({
    method: 'PUT',
    path: `/secrets/${secret}?api-version=7.4`,
    host,
    token,
    body: { value: 'forty-two bytes of a value, more or less' },
  });
const get = (secret) => request({ method: 'GET', path: `/secrets/${secret}?api-version=7.4`, host, token });

async function fill(from, to) {
  let next = from;
  const worker = async () => {
    while (next < to) {
      const answer = await ask1(put(name(next++)));
      if (answer.status !== 200) throw new Error(`fill: ${answer.status}`);
    }
  };
  // One load run would count time, not names: a few own connections instead.
  const { pool, close } = await connections(32);
  const ask1 = (bytes) => pool(bytes);
  await Promise.all(Array.from({ length: 32 }, worker));
  close();
}

async function connections(count) {
  const { openConnection } = await import('./load.mjs');
  const open = await Promise.all(Array.from({ length: count }, () => openConnection(coffer.vault)));
  const free = [...open];
  const waiting = [];
  const pool = async (bytes) => {
    const connection = free.pop() ?? (await new Promise((resolve) => waiting.push(resolve)));
    const answer = await connection.send(bytes);
    const next = waiting.shift();
    if (next === undefined) free.push(connection);
    else next(connection);
    return answer;
  };
  return { pool, close: () => open.forEach(({ close }) => close()) };
}

/** The bytes of a request for a page about `after` names into the list; found by walking once. */
async function pageRequest(after) {
  let path = '/secrets?api-version=7.4&maxresults=25';
  for (let seen = 0; seen < after; seen += 25) {
    const answer = await ask(coffer.vault, request({ method: 'GET', path, host, token }));
    const { nextLink } = JSON.parse(answer.body);
    if (nextLink === null) break;
    const url = new URL(nextLink);
    path = `${url.pathname}${url.search}`;
  }
  return request({ method: 'GET', path, host, token });
}

// Over all names most gets of a large vault are first reads, over the same names all are repeated: the one is what a cold
// cache costs, the other what the size of the vault does.
const getting = (names) =>
  load(coffer.vault, { connections: 32, seconds: 3, next: (i) => get(name((i * 7919) % names)) });

const base = {};
let filled = 0;
let sequence = 0;
for (const size of SIZES) {
  await fill(filled, size);
  filled = size;
  const page = await pageRequest(Math.min(size / 2, 2_000));
  const figures = {
    'secret set': (await load(coffer.vault, { connections: 32, seconds: 3, next: () => put(`extra-${sequence++}`) }))
      .perSecond,
    'secret get': (await getting(size)).perSecond,
    'secret get, the same 1,000 names': (await getting(SIZES[0])).perSecond,
    'list, one page of 25': (await load(coffer.vault, { connections: 8, seconds: 3, next: () => page })).perSecond,
  };
  for (const [what, perSecond] of Object.entries(figures)) {
    base[what] ??= perSecond;
    // Faster is no fault: only a cost that grows with the vault is.
    const cost = base[what] / perSecond;
    report(`${what}, ${size} secrets in the vault`, perSecond, '/s');
    report('  cost against 1,000 secrets', cost, '×', '≤ 1.20', cost <= 1.2);
  }
}
await coffer.dispose();
