/**
 * `node memory.mjs EC|RSA` (Linux): how many copies of a private key's numbers are in this process' writable memory when the
 * key has been loaded, used, and released, as JSON. The key is made in another process and comes masked, so that nothing but the
 * addon ever writes it plainly here, the buffer for `load` excepted, which is wiped.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const addon = createRequire(import.meta.url)(fileURLToPath(new URL('../dist/signer.node', import.meta.url)));
const kty = process.argv[2];
const MASK = 0x5a;
/** Bytes compared: enough never to match by chance. */
const WINDOW = 20;
const CHUNK = 4 * 1024 * 1024;

const maker = `
  const pair = require('node:crypto').generateKeyPairSync(
    ...(${JSON.stringify(kty)} === 'EC' ? ['ec', { namedCurve: 'P-256' }] : ['rsa', { modulusLength: 2048 }]));
  const masked = (bytes) => Buffer.from(bytes).map((byte) => byte ^ ${MASK}).toString('hex');
  const jwk = pair.privateKey.export({ format: 'jwk' });
  const numbers = ['d', 'p', 'q'].filter((name) => jwk[name]).map((name) => masked(Buffer.from(jwk[name], 'base64url')));
  console.log(JSON.stringify({ der: masked(pair.privateKey.export({ format: 'der', type: 'pkcs8' })), numbers }));`;
const made = JSON.parse(execFileSync(process.execPath, ['-e', maker], { encoding: 'utf8' }));

/** Masked windows of each number, as it is in DER and as OpenSSL's little-endian limbs have it. */
const wanted = made.numbers.flatMap((hex) => {
  const number = Buffer.from(hex, 'hex');
  return [number, Buffer.from(number).reverse()].map((bytes) => bytes.subarray(4, 4 + WINDOW));
});

function matches(chunk, at, masked) {
  for (let i = 0; i < WINDOW; i += 1) if ((chunk[at + i] ^ MASK) !== masked[i]) return false;
  return true;
}

function copies() {
  const found = new Set();
  const memory = openSync('/proc/self/mem', 'r');
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  const search = (start, length) => {
    for (const masked of wanted) {
      const first = masked[0] ^ MASK;
      for (let at = chunk.indexOf(first); at >= 0 && at < length - WINDOW; at = chunk.indexOf(first, at + 1)) {
        if (matches(chunk, at, masked)) found.add(start + at);
      }
    }
  };
  for (const line of readFileSync('/proc/self/maps', 'latin1').split('\n')) {
    const [, low, high] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    // Above 2^53 there is no user memory on the platforms this runs on.
    for (let start = parseInt(low, 16); start < parseInt(high, 16); start += CHUNK - WINDOW) {
      try {
        search(start, readSync(memory, chunk, 0, Math.min(CHUNK, parseInt(high, 16) - start), start));
      } catch {
        break; // a mapping that cannot be read
      }
      chunk.fill(0); // else the next search would find this copy
    }
  }
  closeSync(memory);
  return found.size;
}

const before = copies();
const der = Buffer.allocUnsafeSlow(made.der.length / 2);
for (let i = 0; i < der.length; i += 1) der[i] = parseInt(made.der.slice(2 * i, 2 * i + 2), 16) ^ MASK;
const key = addon.load(der);
der.fill(0);
const loaded = copies();
for (let i = 0; i < 20; i += 1) await addon.signDigest(key, kty === 'EC' ? 'ES256' : 'PS256', Buffer.alloc(32, i));
addon.release(key);
console.log(JSON.stringify({ before, loaded, numbers: made.numbers.length, released: copies() }));
