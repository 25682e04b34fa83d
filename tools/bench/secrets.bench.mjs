/** Secret get against a bare Fastify HTTPS route in the same run; secret set with 32 connections. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startCoffer } from './coffer.mjs';
import { load, once as ask, request } from './load.mjs';
import { median, report } from './report.mjs';

const coffer = await startCoffer();
const token = await coffer.token();
const { host } = coffer.vault;
const put = (name, value) =>
  request({ method: 'PUT', path: `/secrets/${name}?api-version=7.4`, host, token, body: { value } });

const stored = await ask(coffer.vault, put('bench', 'a value of the usual length, forty-two bytes'));
const get = request({ method: 'GET', path: '/secrets/bench?api-version=7.4', host, token });

const port = await freePort();
const bare = spawn(
  process.execPath,
  [
    fileURLToPath(new URL('./bare-fastify.mjs', import.meta.url)),
    String(port),
    join(coffer.directory, 'tls'),
    stored.body.toString(),
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
await once(bare.stdout, 'data');

const rounds = { bare: [], get: [] };
for (let round = 0; round < 3; round += 1) {
  const reference = await load({ ...coffer.vault, port }, { connections: 32, seconds: 3, next: () => get });
  const gets = await load(coffer.vault, { connections: 32, seconds: 3, next: () => get });
  rounds.bare.push(reference.perSecond);
  rounds.get.push(gets.perSecond);
}
const ratio = median(rounds.get) / median(rounds.bare);
report('bare Fastify HTTPS route, 32 connections', median(rounds.bare), '/s');
report('secret get, 32 connections', median(rounds.get), '/s');
report('  secret get against bare Fastify', ratio, '', '≥ 0.40', ratio >= 0.4);
bare.kill();

const sets = await load(coffer.vault, {
  connections: 32,
  seconds: 5,
  next: (i) => put(`set-${i}`, 'a value of the usual length, forty-two bytes'),
});
report('secret set (new names), 32 connections', sets.perSecond, '/s', '≥ 1,000/s', sets.perSecond >= 1000);
report('  p50 / p99', `${sets.p50.toFixed(1)} / ${sets.p99.toFixed(1)}`, 'ms');
await coffer.dispose();
