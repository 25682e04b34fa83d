import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { SecretBytes } from '@coffer/kernel';
import { loadAddon } from './addon.js';
import { loadNativeSigner, type NativeSignerOptions } from './native-signer.js';

const native = loadNativeSigner();
const run = native.signer === undefined ? describe.skip : describe;
const why = native.signer === undefined ? ` (skipped: ${native.reason})` : '';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });
const publicKey = createPublicKey(privateKey);
const message = Buffer.from('message');
const digest = createHash('sha256').update(message).digest();

function signerOf(options?: NativeSignerOptions) {
  const { signer } = loadNativeSigner(options);
  if (signer === undefined) throw new Error('not built');
  return signer;
}

function load(signer = signerOf()) {
  const der = SecretBytes.own(privateKey.export({ format: 'der', type: 'pkcs8' }));
  const key = signer.load(der);
  der.destroy();
  if (key === undefined) throw new Error('not loaded');
  return key;
}

run(`the native signer${why}`, () => {
  it('makes the signatures that were asked for before the release, also those that still wait', async () => {
    const key = load(signerOf({ window: 2 }));
    const given = Buffer.from(digest);
    const begun = Array.from({ length: 20 }, async () => key.sign('RS256', given));
    given.fill(0);

    key.release();
    key.release();

    for (const signature of await Promise.all(begun)) {
      expect(verify('sha256', message, publicKey, signature)).toBe(true);
    }
    expect(() => key.sign('RS256', digest)).toThrow('The signature could not be made.');
  });

  it('leaves the event loop free: far more turns than signatures while it signs', async () => {
    const key = load();
    let turns = 0;
    let signed = 0;
    const count = () => {
      turns += 1;
      if (signed < 60) setImmediate(count);
    };
    setImmediate(count);

    await Promise.all(
      Array.from({ length: 60 }, async () => {
        await key.sign('PS256', digest);
        signed += 1;
      }),
    );

    expect(turns).toBeGreaterThan(60 * 20);
  });

  it('refuses what exceeds its bound, and rejects what waits when it is closed', async () => {
    const signer = signerOf({ window: 1, maxPending: 10 });
    const key = load(signer);
    const begun = Array.from({ length: 12 }, async () => key.sign('RS256', digest));
    signer.close();
    const outcomes = await Promise.allSettled(begun);

    const codes = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? 'signed' : (outcome.reason as { code: string }).code,
    );
    expect(codes).toEqual(['signed', ...Array<string>(9).fill('ServiceUnavailable'), 'Throttled', 'Throttled']);
  });

  it('has no use for other keys', () => {
    const other = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
    expect(signerOf().load(SecretBytes.own(other))).toBeUndefined();
  });

  it('shows nothing of a key', () => {
    const { d = '' } = privateKey.export({ format: 'jwk' });
    const key = load();
    const seen = inspect(key, { depth: 10, showHidden: true }) + JSON.stringify(key);

    expect(d.length).toBeGreaterThan(600);
    expect(seen).not.toContain(d.slice(0, 20));
  });
});

describe('an addon that is not there or not for this node', () => {
  it('is no error but a reason', () => {
    const directory = mkdtempSync(join(tmpdir(), 'coffer-addon-'));
    const broken = join(directory, 'broken.node');
    writeFileSync(broken, 'no shared object');
    const other = join(directory, 'other.cjs');
    writeFileSync(other, 'exports.load = exports.signDigest = () => undefined;');

    expect(loadAddon(join(directory, 'missing.node'))).toEqual({
      reason: 'it is not built (npm run build:native)',
    });
    expect(loadAddon(other)).toEqual({ reason: 'it is of another version (npm run build:native)' });
    expect(loadAddon(broken)).toEqual({ reason: expect.stringMatching(/^it does not load: /) as string });
    rmSync(directory, { recursive: true });
  });
});
