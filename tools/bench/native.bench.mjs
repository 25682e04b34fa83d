/**
 * Signatures and verifications through the provider, by the native addon and in JavaScript, against `openssl speed`. All per second of CPU time
 * (threads added up), as `openssl speed` counts: what else runs on the machine, and how the cores are shared, is left out.
 */
import { createHash } from 'node:crypto';
import { loadNativeSigner } from '@coffer/crypto-native';
import { createCryptoProvider } from '@coffer/crypto-node';
import { opensslSpeed } from './openssl.mjs';
import { median, report } from './report.mjs';

const ROUNDS = 5;
const SECONDS = 2;
/** Asked for at a time; enough to keep every core busy. */
const IN_FLIGHT = 32;
const digest = createHash('sha256').update('x').digest();

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Operations per second of CPU time and of the clock. */
async function measure(work, inFlight) {
  const [cpu, start] = [cpuSeconds(), performance.now()];
  let done = 0;
  const worker = async () => {
    while (performance.now() - start < SECONDS * 1000) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { perCpu: done / (cpuSeconds() - cpu), perClock: (done * 1000) / (performance.now() - start) };
}

const rows = [
  {
    what: 'P-256 ES256',
    alg: 'ES256',
    spec: { kty: 'EC', crv: 'P-256' },
    reference: 'ecdsap256',
    target: 0.7,
    inFlight: 1,
  },
  {
    what: 'P-256 ES256 verify',
    alg: 'ES256',
    spec: { kty: 'EC', crv: 'P-256' },
    reference: 'ecdsap256',
    verify: true,
    target: 0.7,
    inFlight: 1,
  },
  {
    what: 'RSA-2048 RS256',
    alg: 'RS256',
    spec: { kty: 'RSA', keySize: 2048, publicExponent: 65537 },
    reference: 'rsa2048',
    target: 0.85,
    inFlight: IN_FLIGHT,
  },
];

const { signer, reason } = loadNativeSigner();
const providers = { 'in JavaScript': createCryptoProvider() };
if (signer === undefined) console.log(`  no native signer: ${reason}`);
else providers['by the native addon'] = createCryptoProvider({ signer });

for (const { what, alg, spec, reference, verify = false, target, inFlight } of rows) {
  const rates = {};
  const references = [];
  const works = {};
  for (const [name, provider] of Object.entries(providers)) {
    const handle = provider.load((await provider.generate(spec)).privateKey);
    const signature = await provider.sign(handle, alg, digest);
    works[name] = verify
      ? () => provider.verify(handle, alg, digest, signature)
      : () => provider.sign(handle, alg, digest);
    await measure(works[name], inFlight); // compiles, starts threads
  }
  // Turn by turn, so that a slow moment of the machine meets all of them.
  for (let round = 0; round < ROUNDS; round += 1) {
    references.push(opensslSpeed(reference, { seconds: SECONDS, verify }) ?? NaN);
    for (const [name, work] of Object.entries(works)) {
      (rates[name] ??= []).push(await measure(work, inFlight));
    }
  }
  const speed = median(references);
  report(`openssl speed ${reference}${verify ? ' verify' : ''}`, speed, '/s of CPU');
  for (const [name, measured] of Object.entries(rates)) {
    const perCpu = median(measured.map((each) => each.perCpu));
    report(`${what} ${name}`, perCpu, '/s of CPU');
    report('  by the clock', median(measured.map((each) => each.perClock)), '/s');
    const ratio = median(measured.map((each, i) => each.perCpu / references[i]));
    if (Number.isNaN(speed)) continue;
    if (name === 'in JavaScript') report('  against openssl', ratio, '');
    else report('  against openssl', ratio, '', `≥ ${target.toFixed(2)}`, ratio >= target);
  }
}
await Promise.all(Object.values(providers).map((provider) => provider.close()));
