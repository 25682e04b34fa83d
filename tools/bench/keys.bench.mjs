/**
 * Keys through HTTPS, with authorization and durable audit: AES-GCM per core, the spread of signing at half load, what making
 * RSA keys costs the others, and the cost of a vault with 10^2 to 10^5 keys of 50 versions.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { startCoffer } from './coffer.mjs';
import { pin, withChildren } from './cores.mjs';
import { syncTimes } from './disk.mjs';
import { load, once as ask, openConnection, request } from './load.mjs';
import { median, report } from './report.mjs';

const SIZES = [100, 1_000, 10_000, 100_000];
const VERSIONS = 50;
const cores = availableParallelism();

const coffer = await startCoffer();
const token = await coffer.token();
const { host } = coffer.vault;
const post = (path, body) => request({ method: 'POST', path: `${path}?api-version=7.6`, host, token, body });
const get = (path) => request({ method: 'GET', path, host, token });
const create = async (name, body) => {
  const answer = await ask(coffer.vault, post(`/keys/${name}/create`, body));
  if (answer.status !== 200) throw new Error(`create: ${answer.status} ${answer.body}`);
};
await create('rsa', { kty: 'RSA', key_size: 2048 });
await create('ec', { kty: 'EC', crv: 'P-256' });
await create('oct', { kty: 'oct', key_size: 256 });
const value = createHash('sha256').update('x').digest('base64url');
const sign = post('/keys/ec//sign', { alg: 'ES256', value });
const verifyBody = await ask(coffer.vault, sign);
const signature = JSON.parse(verifyBody.body).value;

const many = (next, connections = 32, seconds = 3) => load(coffer.vault, { connections, seconds, next: () => next });
const encrypt = post('/keys/oct//encrypt', { alg: 'A256GCM', value });
report('A256GCM encrypt, 32 connections', (await many(encrypt)).perSecond, '/s');
if (cores > 1) {
  // Coffer on one core; what asks and the database on the others.
  const everywhere = `0-${cores - 1}`;
  const postgres = coffer.postgresPid();
  const others = cores === 2 ? '1' : `1-${cores - 1}`;
  for (const pid of [...withChildren(postgres), process.pid]) pin(pid, others);
  pin(coffer.pid, '0');
  const { perSecond } = await many(encrypt);
  report('  with Coffer on one core', perSecond, '/s', '≥ 8000', perSecond >= 8_000);
  for (const pid of [...withChildren(postgres), process.pid, coffer.pid]) pin(pid, everywhere);
}
const verified = await many(post('/keys/ec//verify', { alg: 'ES256', digest: value, value: signature }));
report('ES256 verify, 32 connections', verified.perSecond, '/s');

// Half of what it can do, evenly: as many requests as fit in half of the time.
const full = await many(sign);
report('ES256 sign, 32 connections', full.perSecond, '/s');
// A service at half load has no heap of records from a full one to take into its log.
await pause(5_000);
const spread = (sorted) => [0.5, 0.99].map((q) => sorted[Math.floor(sorted.length * q)]);
const [p50, p99] = spread(await paced(sign, full.perSecond / 2, 4));
report('  at half of that: p50 / p99', `${p50.toFixed(1)} / ${p99.toFixed(1)}`, 'ms', 'p99 < 3 × p50', p99 < 3 * p50);
// No answer comes before its record is on the disk: what the disk alone takes is the least that it can take.
const alone = spread(await syncTimes(coffer.directory, 4));
report('  the disk alone, 16 KiB and fdatasync: p50 / p99', alone.map((ms) => ms.toFixed(1)).join(' / '), 'ms');

/** Sends at a fixed rate over enough connections; sorted milliseconds from when a request was due. */
async function paced(bytes, perSecond, seconds) {
  const connections = await Promise.all(Array.from({ length: 32 }, () => openConnection(coffer.vault)));
  const free = [...connections];
  const waiting = [];
  const measured = [];
  const began = performance.now();
  const total = Math.floor(perSecond * seconds);
  const running = [];
  for (let i = 0; i < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * perSecond) + 1);
    for (; i < due; i += 1) {
      const dueAt = began + (i / perSecond) * 1000;
      running.push(
        (async () => {
          const connection = free.pop() ?? (await new Promise((resolve) => waiting.push(resolve)));
          await connection.send(bytes);
          measured.push(performance.now() - dueAt);
          const next = waiting.shift();
          if (next === undefined) free.push(connection);
          else next(connection);
        })(),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
  for (const { close } of connections) close();
  return measured.sort((a, b) => a - b);
}

// Making RSA keys beside other requests: how much later these are answered. The slowest of a moment tells more of the machine
// than of this; so both take turns, and medians are compared.
const gets = get('/keys/ec?api-version=7.6');
const [quiet, busy] = [[], []];
for (let turn = 0; turn < 6; turn += 1) {
  quiet.push(await paced(gets, 100, 2));
  let making = true;
  const maker = (async () => {
    while (making) await create('made', { kty: 'RSA', key_size: 4096 });
  })();
  busy.push(await paced(gets, 100, 2));
  making = false;
  await maker;
}
const slowest = (turns) => median(turns.map((values) => values.at(-1)));
report('key get at 100/s, the slowest of 2 s, median', slowest(quiet).toFixed(1), 'ms');
const later = slowest(busy) - slowest(quiet);
report('  while RSA-4096 keys are made, later by', Math.max(0, later).toFixed(1), 'ms', '≤ 50', later <= 50);

// Many keys with many versions: rows as the projections write them. What signs is made by the service: material opens nowhere else.
const SIGNERS = 100;
for (let i = 0; i < SIGNERS; i += 1) await create(`signer-${i}`, { kty: 'EC', crv: 'P-256' });
const client = new pg.Client({
  host: join(coffer.directory, 'postgres'),
  user: 'coffer',
  database: 'coffer_crypto_gateway',
});
await client.connect();
const base = {};
for (const size of SIZES) {
  await fill(size);
  const names = (i) => `many-${String((i * 7_919) % size).padStart(7, '0')}`;
  const page = `/keys?api-version=7.6&maxresults=25`;
  const first = JSON.parse((await ask(coffer.vault, get(page))).body).nextLink;
  const second = new URL(first);
  const pages = get(`${second.pathname}${second.search}`);
  const figures = {
    'key get': (
      await load(coffer.vault, { connections: 32, seconds: 3, next: (i) => get(`/keys/${names(i)}?api-version=7.6`) })
    ).perSecond,
    'key list, one page of 25': (await load(coffer.vault, { connections: 8, seconds: 3, next: () => pages })).perSecond,
    'ES256 sign, 100 keys': (
      await load(coffer.vault, {
        connections: 32,
        seconds: 3,
        next: (i) => post(`/keys/signer-${i % SIGNERS}//sign`, { alg: 'ES256', value }),
      })
    ).perSecond,
  };
  for (const [what, perSecond] of Object.entries(figures)) {
    base[what] ??= perSecond;
    const cost = base[what] / perSecond;
    report(`${what}, ${size} keys of ${VERSIONS} versions`, perSecond, '/s');
    report(`  cost against ${SIZES[0]} keys`, cost, '×', '≤ 1.20', cost <= 1.2);
  }
}
await client.end();
await coffer.dispose();

/** Makes the vault hold keys `many-0000000` to `size`, each a copy of the key `ec` 50 versions long. */
async function fill(size) {
  await client.query(
    `CREATE TEMP TABLE IF NOT EXISTS source AS
       SELECT c.*, v.public, v.key_ops, v.created AS v_created, v.material_id,
              d.term AS d_term, d.wrapped_dek AS d_dek
         FROM key_current c
         JOIN key_versions v ON v.object_id = c.object_id AND v.version = c.latest_version
         JOIN material d ON d.object_id = c.object_id AND d.kind = 'object'
        WHERE c.name_key = 'ec'`,
  );
  const numbers = `generate_series(0, $1::int - 1) AS n
      WHERE NOT EXISTS (SELECT FROM key_current k WHERE k.object_id = 'many-' || n)`;
  const id = `'many-' || n`;
  const name = `'many-' || lpad(n::text, 7, '0')`;
  await client.query('BEGIN');
  await client.query(
    `INSERT INTO material (material_id, object_id, kind, version, term, wrapped_dek, ciphertext)
     SELECT ${id}, ${id}, 'object', '', s.d_term, s.d_dek, '' FROM source s, ${numbers}`,
    [size],
  );
  await client.query(
    `INSERT INTO key_versions (object_id, version, ordinal, public, key_ops, enabled, created, updated, material_id)
     SELECT ${id}, CASE v WHEN ${VERSIONS} THEN s.latest_version ELSE md5(n || '/' || v) END, v, s.public, s.key_ops, true,
            s.v_created, s.v_created, s.material_id
       FROM source s, generate_series(1, ${VERSIONS}) AS v, ${numbers}`,
    [size],
  );
  await client.query(
    `INSERT INTO key_current (object_id, vault_id, name_key, name, latest_version)
     SELECT ${id}, s.vault_id, ${name}, ${name}, s.latest_version FROM source s, ${numbers}`,
    [size],
  );
  await client.query('COMMIT');
  // As it would be some time later: what follows a load that no vault ever sees is not what is measured.
  await client.query('VACUUM (ANALYZE) material, key_versions, key_current');
  await client.query('CHECKPOINT');
}
