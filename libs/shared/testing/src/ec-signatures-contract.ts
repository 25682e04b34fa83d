import { sign, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CryptoProvider, Curve, Custody } from '@coffer/contracts';
import { fips186 } from './fips186.js';
import { rfc6979 } from './rfc6979.js';
import { flipped, generated, imported, MESSAGE, sha, type SpecKey } from './signing-keys.js';

/** Orders of the groups (SP 800-186 3.2.1, SEC 2 2.4.1). */
const orders = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  'P-521':
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  'P-256K': 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
} as const;

const rows = [
  { alg: 'ES256', crv: 'P-256', bits: 256, half: 32 },
  { alg: 'ES384', crv: 'P-384', bits: 384, half: 48 },
  { alg: 'ES512', crv: 'P-521', bits: 512, half: 66 },
  { alg: 'ES256K', crv: 'P-256K', bits: 256, half: 32 },
  { alg: 'ECDSA256', crv: 'P-256K', bits: 256, half: 32 },
] as const;

const numberOf = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const bytesOf = (number: bigint, length: number) => Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex');

export interface EcSignaturesUnderTest {
  /** As the title of the tests. */
  readonly adapter: string;
  /** Nonces by RFC 6979: the signatures are those in the RFC, and not only good ones. */
  readonly deterministic: boolean;
  readonly create: () => CryptoProvider;
  /** Where the keys live. */
  readonly custody?: Custody;
}

/** What every way to make and check ECDSA signatures must do (CryptoProvider). Call it inside a spec. */
export function describeEcSignatures({ adapter, deterministic, create, custody = {} }: EcSignaturesUnderTest): void {
  describe(adapter, () => {
    const provider = create();
    const keys = new Map<Curve, SpecKey>();

    beforeAll(async () => {
      for (const { crv } of rows) keys.set(crv, await generated(provider, { kty: 'EC', crv }, custody));
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
        const other = await generated(provider, { kty: 'EC', crv }, custody);
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

      it('is false for halves out of range, also those that equal the right ones modulo the order', async () => {
        const { handle } = keyOf(crv);
        const n = orders[crv];
        const max = (1n << BigInt(8 * half)) - 1n;
        const signature = await provider.sign(handle, alg, sha(bits));
        const [r, s] = [numberOf(signature.subarray(0, half)), numberOf(signature.subarray(half))];
        const out = [0n, n, n + 1n, r + n, s + n, 2n * n, max].filter((number) => number <= max);
        const pairs = out.flatMap((number) => [
          [number, s],
          [r, number],
          [number, number],
        ]);

        for (const pair of pairs) {
          const bytes = Buffer.concat(pair.map((number) => bytesOf(number, half)));
          expect(await provider.verify(handle, alg, sha(bits), bytes)).toBe(false);
        }
        // The other root of the same equation is as good: Key Vault does not ask for the lower s.
        const other = Buffer.concat([bytesOf(r, half), bytesOf(n - s, half)]);
        expect(await provider.verify(handle, alg, sha(bits), other)).toBe(true);
      });

      it('is false for the signature that leads to the point at infinity, which the owner of a key can make', async () => {
        const { handle, privateKey } = keyOf(crv);
        const n = orders[crv];
        const digest = sha(bits);
        const d = numberOf(Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'));
        // u1 G + u2 Q is infinity when z + r d = 0.
        const r = ((n - (numberOf(digest) % n)) * inverse(d, n)) % n;

        for (const s of [1n, 2n, n - 1n]) {
          const bytes = Buffer.concat([bytesOf(r, half), bytesOf(s, half)]);
          expect(await provider.verify(handle, alg, digest, bytes)).toBe(false);
        }
      });

      it('answers as the signature was when it was asked, and many at a time', async () => {
        const { handle } = keyOf(crv);
        const signature = await provider.sign(handle, alg, sha(bits));
        const wrong = flipped(signature, 3);
        const digest = sha(bits);
        const begun = [signature, wrong, signature, wrong].map((each) => provider.verify(handle, alg, digest, each));
        for (const bytes of [signature, wrong, digest]) bytes.fill(0);

        expect(await Promise.all(begun)).toEqual([true, false, true, false]);
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

    describe.each(rows.slice(0, 3))('FIPS 186 SigVer: $alg', ({ alg, crv, bits }) => {
      const vectors = fips186.filter((vector) => vector.alg === alg);
      const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');

      it.each(vectors.map((vector, i) => ({ ...vector, i })))('$i is $result', async (vector) => {
        const { message, x, y, signature, result } = vector;
        // Verification has no use for the private half, which is not the one of this point.
        const d = Buffer.from([...Buffer.alloc(signature.length / 4 - 1), 1]).toString('base64url');
        const { handle } = await imported(provider, { kty: 'EC', crv, x: base64url(x), y: base64url(y), d });
        const given = Buffer.from(signature, 'hex');

        const answer = await provider.verify(handle, alg, sha(bits, Buffer.from(message, 'hex')), given);

        expect(answer).toBe(result.startsWith('P'));
      });

      it('has both kinds', () => {
        expect(vectors).toHaveLength(15);
        expect(new Set(vectors.map(({ result }) => result[0]))).toEqual(new Set(['P', 'F']));
      });
    });

    describe.each(rfc6979)('RFC 6979 $section: $alg', ({ alg, bits, jwk, signatures }) => {
      it.each(Object.entries(signatures))(
        'of "%s" is signed, and the signature in the RFC is accepted',
        async (message, expected) => {
          const { handle } = await imported(provider, jwk, custody);

          const signature = await provider.sign(handle, alg, sha(bits, message));

          if (deterministic) expect(signature.toString('hex')).toBe(expected);
          expect(await provider.verify(handle, alg, sha(bits, message), Buffer.from(expected, 'hex'))).toBe(true);
          expect(await provider.verify(handle, alg, sha(bits, message), signature)).toBe(true);
          expect(await provider.verify(handle, alg, sha(bits, `${message}.`), signature)).toBe(false);
        },
      );

      it('has the public key in the RFC', async () => {
        const { x, y } = jwk;
        expect((await imported(provider, jwk, custody)).handle.public).toEqual({ kty: 'EC', crv: jwk.crv, x, y });
      });
    });
  });
}

/** Of a unit modulo a prime (Fermat). */
function inverse(number: bigint, prime: bigint): bigint {
  let result = 1n;
  let base = number % prime;
  for (let exponent = prime - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % prime;
    base = (base * base) % prime;
  }
  return result;
}
