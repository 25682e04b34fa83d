/** RSA-2048 signatures through HTTPS, with authorization and durable audit, against `openssl speed` on the same cores. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { startCoffer } from './coffer.mjs';
import { cpuSeconds, withChildren } from './cores.mjs';
import { load, once as ask, request } from './load.mjs';
import { opensslSpeed } from './openssl.mjs';
import { median, report } from './report.mjs';

const cores = availableParallelism();

const coffer = await startCoffer();
const token = await coffer.token();
const { host } = coffer.vault;
const post = (path, body) => request({ method: 'POST', path: `${path}?api-version=7.4`, host, token, body });
await ask(coffer.vault, post('/keys/bench/create', { kty: 'RSA', key_size: 2048 }));
await ask(coffer.vault, post('/keys/bench-ec/create', { kty: 'EC', crv: 'P-256' }));
const value = createHash('sha256').update('x').digest('base64url');
const rsa = post('/keys/bench//sign', { alg: 'RS256', value });
const ec = post('/keys/bench-ec//sign', { alg: 'ES256', value });

/** Who may use the cores besides. */
const parts = () => [[coffer.pid], withChildren(coffer.postgresPid()), [process.pid]].map(cpuSeconds);
const reference = [];
const signed = [];
const spent = [];
for (let round = 0; round < 5; round += 1) {
  reference.push(opensslSpeed('rsa2048', { processes: cores }));
  const before = parts();
  const result = await load(coffer.vault, { connections: 32, seconds: 4, warmup: 0, next: () => rsa });
  const after = parts();
  signed.push(result);
  spent.push(after.map((seconds, i) => ((seconds - before[i]) * 1e6) / (result.perSecond * 4)));
}
const perSecond = median(signed.map((result) => result.perSecond));
report('RSA-2048 RS256 through HTTPS, 32 connections', perSecond, '/s');
report(
  '  p50 / p99',
  `${median(signed.map((r) => r.p50)).toFixed(1)} / ${median(signed.map((r) => r.p99)).toFixed(1)}`,
  'ms',
);
const shares = [0, 1, 2].map((part) => median(spent.map((each) => each[part])).toFixed(0));
report('  processor time of one: Coffer / database / load', shares.join(' / '), 'µs');
if (reference.every((figure) => figure !== undefined)) {
  const speed = median(reference);
  report(`openssl speed rsa2048, ${cores} processes`, speed, '/s');
  report('  processor time of one', (cores * 1e6) / speed, 'µs');
  report('  Coffer against openssl', perSecond / speed, '', '≥ 0.85', perSecond / speed >= 0.85);
} else {
  console.log('  no openssl command on this machine: no ratio');
}
const curve = await load(coffer.vault, { connections: 32, seconds: 4, next: () => ec });
report('P-256 ES256 through HTTPS, 32 connections', curve.perSecond, '/s');
await coffer.dispose();
