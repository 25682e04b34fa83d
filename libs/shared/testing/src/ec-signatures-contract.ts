import { sign, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CryptoProvider, Curve } from '@coffer/contracts';
import { rfc6979 } from './rfc6979.js';
import { flipped, generated, imported, MESSAGE, sha, type SpecKey } from './signing-keys.js';

const rows = [
  { alg: 'ES256', crv: 'P-256', bits: 256, half: 32 },
  { alg: 'ES384', crv: 'P-384', bits: 384, half: 48 },
  { alg: 'ES512', crv: 'P-521', bits: 512, half: 66 },
  { alg: 'ES256K', crv: 'P-256K', bits: 256, half: 32 },
  { alg: 'ECDSA256', crv: 'P-256K', bits: 256, half: 32 },
] as const;

export interface EcSignaturesUnderTest {
  /** As the title of the tests. */
  readonly adapter: string;
  /** Nonces by RFC 6979: the signatures are those in the RFC, and not only good ones. */
  readonly deterministic: boolean;
  readonly create: () => CryptoProvider;
}

/** What every way to make and check ECDSA signatures must do (CryptoProvider). Call it inside a spec. */
export function describeEcSignatures({ adapter, deterministic, create }: EcSignaturesUnderTest): void {
  describe(adapter, () => {
    const provider = create();
    const keys = new Map<Curve, SpecKey>();

    beforeAll(async () => {
      for (const { crv } of rows) keys.set(crv, await generated(provider, { kty: 'EC', crv }));
    });

    afterAll(() => provider.close());

    function keyOf(crv: Curve): SpecKey {
      const key = keys.get(crv);
      if (key === undefined) throw new Error('no such key');
      return key;
    }

    describe.each(rows)('$alg', ({ alg, crv, bits, half }) => {
      it('makes r ‖ s of fixed length that node:crypto accepts', async () => {
        const { handle, publicKey } = keyOf(crv);
        for (let i = 0; i < 20; i += 1) {
          const message = Buffer.from(`message ${i}`);

          const signature = await provider.sign(handle, alg, sha(bits, message));

          expect(signature).toHaveLength(2 * half);
          expect(verify(`sha${bits}`, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
        }
      });

      it('accepts what node:crypto signs, whether s is low or high', async () => {
        const { handle, privateKey } = keyOf(crv);
        for (let i = 0; i < 10; i += 1) {
          const theirs = sign(`sha${bits}`, MESSAGE, { key: privateKey, dsaEncoding: 'ieee-p1363' });

          expect(await provider.verify(handle, alg, sha(bits), theirs)).toBe(true);
        }
      });

      it('is false, whichever byte of the signature or the digest was changed', async () => {
        const { handle } = keyOf(crv);
        const signature = await provider.sign(handle, alg, sha(bits));
        const changed = [...signature.keys()].map((i) =>
          provider.verify(handle, alg, sha(bits), flipped(signature, i)),
        );
        const digest = sha(bits);
        const redigested = [0, 1, digest.length - 1].map((i) =>
          provider.verify(handle, alg, flipped(digest, i), signature),
        );

        expect(await provider.verify(handle, alg, sha(bits), signature)).toBe(true);
        expect(new Set(await Promise.all([...changed, ...redigested]))).toEqual(new Set([false]));
      });

      it('is false for other lengths, zeros, DER, and another key', async () => {
        const { handle, privateKey } = keyOf(crv);
        const signature = await provider.sign(handle, alg, sha(bits));
        const r = signature.subarray(0, half);
        const s = signature.subarray(half);
        const zero = Buffer.alloc(half);
        const ones = Buffer.alloc(half, 0xff);
        const other = await generated(provider, { kty: 'EC', crv });
        const wrong = [
          signature.subarray(1),
          Buffer.concat([signature, Buffer.alloc(1)]),
          Buffer.alloc(0),
          ...[
            [zero, s],
            [r, zero],
            [zero, zero],
            [ones, s],
            [r, ones],
            [s, r],
          ].map((halves) => Buffer.concat(halves)),
          sign(`sha${bits}`, MESSAGE, { key: privateKey, dsaEncoding: 'der' }),
        ];

        for (const bytes of wrong) expect(await provider.verify(handle, alg, sha(bits), bytes)).toBe(false);
        expect(await provider.verify(other.handle, alg, sha(bits), signature)).toBe(false);
      });

      it('is false for random bytes, and never an exception', async () => {
        const { handle } = keyOf(crv);
        const fitting = fc.uint8Array({ minLength: 2 * half, maxLength: 2 * half });

        await fc.assert(
          fc.asyncProperty(fc.oneof(fitting, fc.uint8Array({ maxLength: 200 })), async (garbage) => {
            expect(await provider.verify(handle, alg, sha(bits), garbage)).toBe(false);
          }),
        );
      });
    });

    describe.each(rfc6979)('RFC 6979 $section: $alg', ({ alg, bits, jwk, signatures }) => {
      it.each(Object.entries(signatures))(
        'of "%s" is signed, and the signature in the RFC is accepted',
        async (message, expected) => {
          const { handle } = imported(provider, jwk);

          const signature = await provider.sign(handle, alg, sha(bits, message));

          if (deterministic) expect(signature.toString('hex')).toBe(expected);
          expect(await provider.verify(handle, alg, sha(bits, message), Buffer.from(expected, 'hex'))).toBe(true);
          expect(await provider.verify(handle, alg, sha(bits, message), signature)).toBe(true);
          expect(await provider.verify(handle, alg, sha(bits, `${message}.`), signature)).toBe(false);
        },
      );

      it('has the public key in the RFC', () => {
        const { x, y } = jwk;
        expect(imported(provider, jwk).handle.public).toEqual({ kty: 'EC', crv: jwk.crv, x, y });
      });
    });
  });
}
