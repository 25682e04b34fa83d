import { constants, privateEncrypt, sign, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CryptoProvider, Custody } from '@coffer/contracts';
import { flipped, generated, MESSAGE, sha, type SpecKey } from './signing-keys.js';

const sizes = [2048, 3072, 4096] as const;
const bits = [256, 384, 512] as const;

/**
 * What every way to make and check RSA signatures must do (CryptoProvider), with keys in software or in hardware. Call it inside
 * a spec; `adapter` is the title.
 */
export function describeRsaSignatures(adapter: string, create: () => CryptoProvider, custody: Custody = {}): void {
  describe(adapter, () => {
    const provider = create();
    const keys = new Map<number, SpecKey>();

    beforeAll(async () => {
      for (const keySize of sizes) {
        keys.set(keySize, await generated(provider, { kty: 'RSA', keySize, publicExponent: 65537 }, custody));
      }
    });

    afterAll(() => provider.close());

    function keyOf(size: number): SpecKey {
      const key = keys.get(size);
      if (key === undefined) throw new Error('no such key');
      return key;
    }

    describe.each(sizes)('RSA signatures with %d bits', (size) => {
      it.each(bits)('RS%d equals the signature that node:crypto makes of the message', async (n) => {
        const { handle, privateKey } = keyOf(size);

        const signature = await provider.sign(handle, `RS${n}`, sha(n));

        expect(signature).toEqual(sign(`sha${n}`, MESSAGE, privateKey));
        expect(await provider.verify(handle, `RS${n}`, sha(n), signature)).toBe(true);
      });

      it.each(bits)('PS%d is accepted by node:crypto, and its signatures by us', async (n) => {
        const { handle, privateKey, publicKey } = keyOf(size);
        const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

        const signature = await provider.sign(handle, `PS${n}`, sha(n));
        const theirs = sign(`sha${n}`, MESSAGE, { key: privateKey, ...pss });

        expect(verify(`sha${n}`, MESSAGE, { key: publicKey, ...pss }, signature)).toBe(true);
        expect(await provider.verify(handle, `PS${n}`, sha(n), signature)).toBe(true);
        expect(await provider.verify(handle, `PS${n}`, sha(n), theirs)).toBe(true);
        expect(signature).not.toEqual(await provider.sign(handle, `PS${n}`, sha(n)));
      });

      it.each([1, 20, 36, size / 8 - 11])('RSNULL pads %d bytes as PKCS #1 v1.5 without DigestInfo', async (length) => {
        const { handle, privateKey } = keyOf(size);
        const bytes = Buffer.alloc(length, 7);

        const signature = await provider.sign(handle, 'RSNULL', bytes);

        expect(signature).toEqual(privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, bytes));
        expect(await provider.verify(handle, 'RSNULL', bytes, signature)).toBe(true);
      });

      it('RSNULL refuses nothing at all, and more than fits', async () => {
        const { handle } = keyOf(size);
        for (const length of [0, size / 8 - 10, size / 8]) {
          const refusal = { code: 'BadParameter', message: expect.stringContaining(`${length} bytes`) };
          await expect(provider.sign(handle, 'RSNULL', Buffer.alloc(length))).rejects.toMatchObject(refusal);
        }
      });
    });

    describe('a PSS signature with another salt length', () => {
      it.each([0, 20, 64, 222])(
        'of %d bytes is not accepted: JWA asks for the length of the hash',
        async (saltLength) => {
          const { handle, privateKey } = keyOf(2048);
          const theirs = sign('sha256', MESSAGE, {
            key: privateKey,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength,
          });

          expect(await provider.verify(handle, 'PS256', sha(256), theirs)).toBe(false);
        },
      );
    });

    describe.each(['RS256', 'PS256', 'RSNULL'])('a tampered %s signature', (alg) => {
      it('is false, whichever byte of the signature or the digest was changed', async () => {
        const { handle } = keyOf(2048);
        const signature = await provider.sign(handle, alg, sha(256));
        const changed = [...signature.keys()].map((i) => [sha(256), flipped(signature, i)] as const);
        const redigested = [...sha(256).keys()].map((i) => [flipped(sha(256), i), signature] as const);

        for (const [digest, bytes] of [...changed, ...redigested]) {
          expect(await provider.verify(handle, alg, digest, bytes)).toBe(false);
        }
      });

      it('is false with any other length, key or algorithm', async () => {
        const { handle } = keyOf(2048);
        const signature = await provider.sign(handle, alg, sha(256));
        const lengths = [signature.subarray(1), Buffer.concat([signature, Buffer.alloc(1)]), Buffer.alloc(0)];
        const fills = [Buffer.alloc(256), Buffer.alloc(256, 0xff)];

        for (const bytes of [...lengths, ...fills]) {
          expect(await provider.verify(handle, alg, sha(256), bytes)).toBe(false);
        }
        for (const other of ['RS256', 'PS256', 'RSNULL'].filter((name) => name !== alg)) {
          expect(await provider.verify(handle, other, sha(256), signature)).toBe(false);
        }
        expect(await provider.verify(keyOf(3072).handle, alg, sha(256), signature)).toBe(false);
      });

      it('is false for random bytes, and never an exception', async () => {
        const { handle } = keyOf(2048);
        const bytes = fc.oneof(fc.uint8Array({ minLength: 256, maxLength: 256 }), fc.uint8Array({ maxLength: 600 }));

        await fc.assert(
          fc.asyncProperty(bytes, async (garbage) => {
            expect(await provider.verify(handle, alg, sha(256), garbage)).toBe(false);
          }),
        );
      });
    });

    describe('an RSA signature that begins with a zero byte', () => {
      it.each(['RS256', 'PS256'])('of %s keeps it, and is false without it', async (alg) => {
        const { handle } = keyOf(2048);
        const messages = Array.from({ length: 4000 }, (_, i) => sha(256, `message ${i}`));
        // About one in 190 signatures; made in small groups, to stop early.
        for (let i = 0; i < messages.length; i += 50) {
          const group = messages.slice(i, i + 50);
          const signatures = await Promise.all(group.map((digest) => provider.sign(handle, alg, digest)));
          const found = signatures.findIndex((signature) => signature[0] === 0);
          if (found < 0) continue;
          const digest = group[found] ?? sha(256);
          const signature = signatures[found] ?? Buffer.alloc(0);

          expect(signature).toHaveLength(256);
          expect(await provider.verify(handle, alg, digest, signature)).toBe(true);
          expect(await provider.verify(handle, alg, digest, signature.subarray(1))).toBe(false);
          return;
        }
        throw new Error('no such signature among 4000'); // one run in 10^9
      });
    });

    /** Blocks that lax PKCS #1 v1.5 parsers take (Bleichenbacher 2006 and its variants). */
    describe('a signature over a malformed PKCS #1 v1.5 block', () => {
      const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');
      const content = Buffer.concat([prefix, sha(256)]);
      const blockOf = (start: Buffer, end: Buffer, fill: number) =>
        Buffer.concat([start, Buffer.alloc(256 - start.length - end.length, fill), end]);

      it.each([
        [
          'bytes behind the digest',
          blockOf(Buffer.concat([Buffer.from('0001ffffffffffffffff00', 'hex'), content]), Buffer.alloc(0), 0),
        ],
        ['padding other than FF', blockOf(Buffer.from([0, 1]), Buffer.concat([Buffer.alloc(1), content]), 0xfe)],
        ['block type 2', blockOf(Buffer.from([0, 2]), Buffer.concat([Buffer.alloc(1), content]), 0xff)],
        [
          'no NULL parameters',
          blockOf(
            Buffer.from([0, 1]),
            Buffer.concat([
              Buffer.from('00302f300b0609608648016503040201', 'hex'),
              Buffer.from('0420', 'hex'),
              sha(256),
            ]),
            0xff,
          ),
        ],
      ])('with %s is false', async (_, block) => {
        const { handle, privateKey } = keyOf(2048);
        const forged = privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block);

        expect(await provider.verify(handle, 'RS256', sha(256), forged)).toBe(false);
      });
    });
  });
}
