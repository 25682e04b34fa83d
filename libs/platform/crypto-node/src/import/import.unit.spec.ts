import { generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import type { Curve, EcMember, NewKey, PrivateJwk, RsaMember } from '@coffer/contracts';
import { curves } from '../curves.js';
import { createCryptoProvider } from '../provider.js';
import { sha } from '../spec-keys.spec.js';
import { isRocaModulus } from './roca.js';

const provider = createCryptoProvider({ threads: 1 });
afterAll(() => provider.close());

const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url');
const RSA: readonly RsaMember[] = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
const EC: readonly EcMember[] = ['x', 'y', 'd'];
type RsaMembers = Record<RsaMember, Uint8Array>;
type EcMembers = Record<EcMember, Uint8Array>;

function record<Name extends string>(names: readonly Name[], of: (name: Name) => Uint8Array): Record<Name, Uint8Array> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, Uint8Array>;
}

function rsaMembers(modulusLength: number): RsaMembers {
  const jwk = generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' });
  return record(RSA, (member) => bytes(jwk[member]));
}

function ecMembers(crv: Curve): EcMembers {
  const jwk = generateKeyPairSync('ec', { namedCurve: curves[crv].openssl }).privateKey.export({ format: 'jwk' });
  return record(EC, (member) => bytes(jwk[member]));
}

const rsa = rsaMembers(2048);
const importRsa = (changes: Partial<RsaMembers> = {}) =>
  provider.import({ kty: 'RSA', members: { ...rsa, ...changes } });
const importEc = (crv: Curve, members: EcMembers) => provider.import({ kty: 'EC', crv, members });

/** The provider signs with the private half what the public half verifies. */
async function expectUsable({ public: half, privateKey }: NewKey, alg: string, digest: Buffer): Promise<void> {
  const handle = provider.load(privateKey);
  privateKey.destroy();
  expect(handle.public).toEqual(half);
  const signature = await provider.sign(handle, alg, digest);
  await expect(provider.verify(handle, alg, digest, signature)).resolves.toBe(true);
  provider.release(handle);
}

const refusal = (member: string) =>
  expect.objectContaining({
    code: 'BadParameter',
    message: expect.stringContaining(`Property ${member} has invalid value`) as unknown,
  }) as unknown;

const zeros = (count: number, number: Uint8Array) => Buffer.concat([Buffer.alloc(count), number]);
const plus = (number: Uint8Array, more: bigint): Buffer => {
  const hex = (BigInt(`0x${Buffer.from(number).toString('hex')}`) + more).toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
};
const big = (number: Uint8Array) => BigInt(`0x${Buffer.from(number).toString('hex')}`);
const toBytes = (value: bigint) => plus(new Uint8Array([0]), value);

describe('an RSA key that is brought', () => {
  it.each([2048, 3072, 4096])('is taken with %d bits', async (size) => {
    await expectUsable(await provider.import({ kty: 'RSA', members: rsaMembers(size) }), 'PS256', sha(256));
  });

  it('does not wait behind keys that are being made', async () => {
    const busy = createCryptoProvider({ threads: 1, generations: 1 });
    const done: string[] = [];
    const making = [1, 2, 3].map(async (n) => {
      await busy.generate({ kty: 'RSA', keySize: 3072, publicExponent: 65537 });
      done.push(`made ${n}`);
    });
    const brought = busy.import({ kty: 'RSA', members: rsa }).then(() => done.push('brought'));
    await Promise.all([...making, brought]);
    expect(done.indexOf('brought')).toBeLessThan(done.indexOf('made 3'));
    await busy.close();
  });

  it('is the same with leading zeros in every number', async () => {
    const padded = record(RSA, (member) => zeros(3, rsa[member]));
    const [with_, without] = [await importRsa(padded), await importRsa()];
    expect(with_.public).toEqual(without.public);
    expect(with_.privateKey.expose()).toEqual(without.privateKey.expose());
  });

  it.each([1024, 2047, 2056, 8192])('is refused with %d bits', async (size) => {
    const n = toBytes((1n << BigInt(size)) - 1n);
    await expect(importRsa({ n })).rejects.toEqual(refusal('key.n'));
  });

  it.each<[RsaMember, string, (number: Uint8Array) => Uint8Array]>([
    ['e', 'key.e', () => new Uint8Array([1])],
    ['e', 'key.e', () => new Uint8Array([4])],
    ['e', 'key.e', () => zeros(0, Buffer.from('0100000001', 'hex'))],
    ['e', 'key.d', () => new Uint8Array([3])],
    ['n', 'key.p', (n) => plus(n, 2n)],
    ['p', 'key.p', (p) => plus(p, 2n)],
    ['p', 'key.p', () => new Uint8Array([])],
    ['q', 'key.p', () => new Uint8Array([1])],
    ['d', 'key.d', (d) => plus(d, 2n)],
    ['d', 'key.d', () => new Uint8Array([])],
    ['dp', 'key.dp', (dp) => plus(dp, 1n)],
    ['dq', 'key.dq', () => new Uint8Array([0])],
    ['qi', 'key.qi', (qi) => plus(qi, 1n)],
    ['qi', 'key.qi', (qi) => plus(qi, big(rsa.p))],
  ])('is refused when %s does not belong to the rest (%s)', async (member, named, change) => {
    await expect(importRsa({ [member]: change(rsa[member]) })).rejects.toEqual(refusal(named));
  });

  it('is refused when a factor is no prime, though all numbers belong together', async () => {
    await expect(importRsa(numbersOf(composite(), prime()))).rejects.toEqual(refusal('key.p'));
    await expect(importRsa(numbersOf(prime(), composite()))).rejects.toEqual(refusal('key.q'));
  });

  it.each([2, 64, 512, 1023])('is refused when one of its primes has %d bits', async (size) => {
    const [p, q] = [prime(size), prime(2048 - size)];
    await expect(importRsa(numbersOf(p, q))).rejects.toEqual(refusal('key.p'));
    await expect(importRsa(numbersOf(q, p))).rejects.toEqual(refusal('key.p'));
  });

  it('is refused when its primes are close (Fermat)', async () => {
    const p = prime();
    let q = p + 2n;
    while (!isProbablyPrime(q) || (q - 1n) % 65537n === 0n) q += 2n;
    await expect(importRsa(numbersOf(q, p))).rejects.toEqual(refusal('key.p'));
  });

  it('is refused when its private exponent is small (Wiener)', async () => {
    const [p, q] = [prime(), prime()];
    const d = 65537n;
    const e = inverse(d, lcm(p - 1n, q - 1n));
    // The exponent that belongs to a small private one is a large number itself.
    await expect(importRsa({ ...numbersOf(p, q), e: toBytes(e), d: toBytes(d) })).rejects.toEqual(refusal('key.e'));
  });
});

describe('the mark of CVE-2017-15361', () => {
  // Built as the faulty generator does: k * M + (65537^a mod M), M the product of the first 39 primes.
  const M = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n]
    .concat([73n, 79n, 83n, 89n, 97n, 101n, 103n, 107n, 109n, 113n, 127n, 131n, 137n, 139n, 149n, 151n, 157n])
    .concat([163n, 167n])
    .reduce((product, p) => product * p, 1n);
  const weak = (k: bigint, a: bigint): bigint => k * M + power(65537n, a, M);

  it('is seen in a product of two such numbers, and not in honest moduli', () => {
    expect(isRocaModulus(weak(123_456_789n, 4_711n) * weak(987_654_321n, 815n))).toBe(true);
    for (let i = 0; i < 50; i += 1) expect(isRocaModulus(prime(256) * prime(256))).toBe(false);
  });

  it('refuses the key', async () => {
    const bits = 1n << 824n; // 1024 bits with the 219 of M
    const [p, q] = [weakPrime(bits), weakPrime(bits + (1n << 800n))];
    await expect(importRsa(numbersOf(p, q))).rejects.toEqual(refusal('key.n'));
  });

  function weakPrime(from: bigint): bigint {
    for (let k = from / (1n << 20n); ; k += 1n) {
      const candidate = weak(k, k % 1000n);
      if (candidate >> 1023n === 1n && isProbablyPrime(candidate)) return candidate;
      if (candidate >> 1023n === 0n) k = (k * 3n) / 2n;
      if (candidate >> 1024n !== 0n) k /= 2n;
    }
  }
});

describe.each<[Curve, string]>([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
  ['P-256K', 'ES256K'],
])('an EC key on %s that is brought', (crv, alg) => {
  const members = ecMembers(crv);
  const size = curves[crv].bytes;
  const bits = alg === 'ES512' ? 512 : alg === 'ES384' ? 384 : 256;

  it('is taken, and with leading zeros it is the same', async () => {
    const padded = { x: zeros(2, members.x), y: zeros(2, members.y), d: zeros(2, members.d) };
    const [with_, without] = [await importEc(crv, padded), await importEc(crv, members)];
    expect(with_.privateKey.expose()).toEqual(without.privateKey.expose());
    await expectUsable(without, alg, sha(bits));
  });

  it('is taken when its numbers came without their leading zeros', async () => {
    let short = ecMembers(crv);
    while (short.x[0] !== 0) short = ecMembers(crv);
    const cut = { ...short, x: Buffer.from(short.x).subarray(1) };
    const { public: half } = await importEc(crv, cut);
    expect(half).toMatchObject({ x: Buffer.from(short.x).toString('base64url') });
  });

  it('is refused when the point is another one, off the curve, or at infinity', async () => {
    const other = ecMembers(crv);
    await expect(importEc(crv, { ...members, x: other.x, y: other.y })).rejects.toEqual(refusal('key.x'));
    await expect(importEc(crv, { ...members, y: plus(members.y, 1n).subarray(-size) })).rejects.toEqual(
      refusal('key.x'),
    );
    await expect(importEc(crv, { ...members, x: Buffer.alloc(0), y: Buffer.alloc(0) })).rejects.toEqual(
      refusal('key.x'),
    );
  });

  it('is refused when the private key is zero or not below the order', async () => {
    const tooLarge = Buffer.alloc(size, 0xff);
    for (const d of [Buffer.alloc(size), Buffer.alloc(0), tooLarge]) {
      await expect(importEc(crv, { ...members, d })).rejects.toEqual(refusal('key.d'));
    }
  });

  it('is refused when a number is too long', async () => {
    const long = Buffer.concat([Buffer.from([1]), members.x]);
    await expect(importEc(crv, { ...members, x: long })).rejects.toEqual(refusal('key.x'));
  });
});

describe('a symmetric key that is brought', () => {
  const importOct = (length: number) => provider.import({ kty: 'oct', members: { k: Buffer.alloc(length, 7) } });

  it.each([16, 24, 32])('is taken with %d bytes', async (length) => {
    const { spec, public: half, privateKey } = await importOct(length);
    expect([spec, half]).toEqual([{ kty: 'oct', keySize: length * 8 }, { kty: 'oct' }]);
    expect(privateKey.expose()).toEqual(Buffer.alloc(length, 7));
  });

  it.each([0, 15, 17, 33, 64])('is refused with %d bytes', async (length) => {
    await expect(Promise.resolve().then(() => importOct(length))).rejects.toEqual(refusal('key.k'));
  });
});

it('says nothing of the key in a refusal', async () => {
  const jwk: PrivateJwk = { kty: 'RSA', members: { ...rsa, d: plus(rsa.d, 2n) } };
  const { message } = await provider.import(jwk).then(
    () => new Error('taken'),
    (error: unknown) => error as Error,
  );
  for (const member of RSA) {
    expect(message).not.toContain(Buffer.from(rsa[member]).toString('base64url').slice(0, 20));
  }
});

// ---- arithmetic for keys that no generator makes

function prime(size = 1024): bigint {
  // The two top bits: a product of two has its full length.
  const top = 3n << BigInt(size - 2);
  for (;;) {
    const value = generatePrimeSync(size, { bigint: true });
    if ((value & top) === top && (value - 1n) % 65537n !== 0n) return value;
  }
}

/** 1024 bits, the product of two primes. */
function composite(): bigint {
  for (;;) {
    const value = prime(512) * prime(512);
    if (value >> 1022n === 3n && gcd(value - 1n, 65537n) === 1n) return value;
  }
}

/** All members from two factors, as if both were primes. */
function numbersOf(first: bigint, second: bigint): RsaMembers {
  const [p, q] = first > second ? [first, second] : [second, first];
  const [a, b] = first > second ? [p, q] : [q, p];
  const d = inverse(65537n, lcm(a - 1n, b - 1n));
  const numbers = { n: a * b, e: 65537n, d, p: a, q: b, dp: d % (a - 1n), dq: d % (b - 1n), qi: inverse(b % a, a) };
  return record(RSA, (member) => toBytes(numbers[member]));
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

function lcm(a: bigint, b: bigint): bigint {
  return (a / gcd(a, b)) * b;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next, s, t] = [modulus, value % modulus, 0n, 1n];
  while (next !== 0n) [r, next, s, t] = [next, r % next, t, s - (r / next) * t];
  return ((s % modulus) + modulus) % modulus;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base % modulus, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % modulus) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
  }
  return result;
}

function isProbablyPrime(value: bigint): boolean {
  return (value & 1n) === 1n && value % 3n !== 0n && value % 5n !== 0n && power(2n, value - 1n, value) === 1n;
}
