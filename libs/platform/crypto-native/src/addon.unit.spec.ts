import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { loadAddon, type Addon, type AddonKey } from './addon.js';

const loaded = loadAddon();
const run = 'addon' in loaded ? describe : describe.skip;
const why = 'reason' in loaded ? ` (skipped: ${loaded.reason})` : '';
/** Only used where `run` runs. */
const addon = 'addon' in loaded ? loaded.addon : ({} as Addon);

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const derOf = (key: KeyObject) => key.export({ format: 'der', type: 'pkcs8' });
const keys = { RSA: rsa(2048), 'P-256': ec('P-256'), 'P-384': ec('P-384'), 'P-521': ec('P-521'), K: ec('secp256k1') };
const names = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'RSNULL'],
  ...['ES256', 'ES384', 'ES512', 'ES256K', 'ECDSA256'],
];
const curves = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521', secp256k1: 'K' } as const;
/** Uncompressed, as DER of the public key ends. */
const pointOf = (curve: keyof typeof curves) => {
  const bytes = { prime256v1: 32, secp384r1: 48, secp521r1: 66, secp256k1: 32 }[curve];
  return createPublicKey(keys[curves[curve]])
    .export({ format: 'der', type: 'spki' })
    .subarray(-(1 + 2 * bytes));
};
/** Every message of the addon: none of them has anything of OpenSSL or of the arguments in it. */
const messages = [
  ...['The key must be a Uint8Array.', 'The key has a wrong length.', 'The key cannot be used.'],
  ...['The key is not one of this module.', 'The key has been released.'],
  ...['The algorithm is not supported.', 'The algorithm does not fit the key.'],
  ...['The digest must be a Uint8Array.', 'The digest has a wrong length.', 'The signature could not be made.'],
  ...['The key is not for this operation.', 'The curve is not supported.', 'The signature must be a Uint8Array.'],
  'The signature has a wrong length.',
];

/** What the work gives, or the message of its refusal, which must be one of those above. */
async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    const { message } = error as Error;
    expect(messages).toContain(message);
    return message;
  }
}

run(`the addon's boundary${why}`, () => {
  const anything = fc.anything({ withTypedArray: true, withBigInt: true, withNullPrototype: true, withDate: true });
  const keyOf = (name: keyof typeof keys) => addon.load(derOf(keys[name]));

  it('refuses whatever is no key, in one of its own messages', async () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ minLength: 8000, maxLength: 9000 }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, anything), async (value) => {
        expect(messages).toContain(await outcome(() => addon.load(value as Uint8Array)));
      }),
      { numRuns: 5000 },
    );
  });

  it('takes or refuses a damaged key, and then signs or does not: nothing else happens', async () => {
    const edit = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    const damage = fc.record({
      name: fc.constantFrom(...(Object.keys(keys) as (keyof typeof keys)[])),
      edits: fc.array(edit, { minLength: 1, maxLength: 6 }),
      cut: fc.option(fc.nat(), { freq: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.constantFrom(...names), async ({ name, edits, cut }, alg) => {
        const der = derOf(keys[name]);
        for (const { at, byte } of edits) der[at % der.length] = byte;
        const key = await outcome(() => addon.load(cut === null ? der : der.subarray(0, cut % der.length)));
        if (typeof key === 'string') return;
        const lengths = [32, 48, 64].map((length) =>
          outcome(() => addon.signDigest(key as AddonKey, alg, Buffer.alloc(length, 1))),
        );
        await Promise.all(lengths);
        addon.release(key as AddonKey);
      }),
      { numRuns: 3000 },
    );
  });

  it('signs what fits and nothing else, whatever the arguments are', async () => {
    const loadedKeys = Object.keys(keys).map((name) => keyOf(name as keyof typeof keys));
    const released = keyOf('P-256');
    addon.release(released);
    const key = fc.oneof(fc.constantFrom<unknown>(...loadedKeys), fc.constantFrom<unknown>(released, {}), anything);
    const alg = fc.oneof(fc.constantFrom<unknown>(...names, 'ES256 ', 'ECDSA2567', 'ES256\0'), fc.string(), anything);
    const digest = fc.oneof(
      fc.constantFrom<unknown>(...[0, 1, 20, 32, 48, 64, 245, 246, 600].map((length) => Buffer.alloc(length, 3))),
      fc.uint8Array({ maxLength: 600 }),
      anything,
    );
    await fc.assert(
      fc.asyncProperty(key, alg, digest, async (...values) => {
        const given = await outcome(() => addon.signDigest(...(values as [AddonKey, string, Uint8Array])));
        if (typeof given === 'string') return;
        expect(given).toBeInstanceOf(Uint8Array);
        expect(loadedKeys).toContain(values[0]);
        expect(names).toContain(values[1]);
      }),
      { numRuns: 5000 },
    );
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        await outcome(() => {
          addon.release(value as AddonKey);
        });
        await outcome(() => addon.runsInline(value as AddonKey));
      }),
      { numRuns: 2000 },
    );
    for (const each of loadedKeys) addon.release(each);
  });

  it('takes points on a curve and nothing else, whatever the arguments are', async () => {
    const given = fc.oneof(
      fc.constantFrom(...(Object.keys(curves) as (keyof typeof curves)[])).chain((curve) =>
        fc.record({
          curve: fc.constantFrom<unknown>(curve, ...Object.keys(curves)),
          point: fc
            .array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), { maxLength: 2 })
            .map((edits) => {
              const point = Buffer.from(pointOf(curve));
              for (const { at, byte } of edits) point[at % point.length] = byte;
              return point;
            }),
        }),
      ),
      fc.record({
        curve: fc.oneof(
          fc.constantFrom<unknown>(...Object.keys(curves), 'prime256v1\0', 'secp224r1', 'P-256'),
          anything,
        ),
        point: fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.constantFrom(Buffer.from([0]), Buffer.alloc(65)),
          anything,
        ),
      }),
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(given, async ({ curve, point }) => {
        const key = await outcome(() => addon.loadPoint(curve as string, point as Uint8Array));
        if (typeof key === 'string') return;
        taken += 1;
        const name = curves[curve as keyof typeof curves];
        const jwk = { kty: 'EC', crv: name === 'K' ? 'secp256k1' : name };
        const half = ((point as Uint8Array).length - 1) / 2;
        const coordinate = (start: number) =>
          Buffer.from(point as Uint8Array).toString('base64url', start, start + half);
        const coordinates = { x: coordinate(1), y: coordinate(1 + half) };
        expect(() => createPublicKey({ key: { ...jwk, ...coordinates }, format: 'jwk' })).not.toThrow();
        addon.release(key as AddonKey);
      }),
      { numRuns: 4000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it('verifies what fits and nothing else, whatever the arguments are', async () => {
    const publics = (Object.keys(curves) as (keyof typeof curves)[]).map((curve) =>
      addon.loadPoint(curve, pointOf(curve)),
    );
    const secret = keyOf('P-256');
    const released = addon.loadPoint('prime256v1', pointOf('prime256v1'));
    addon.release(released);
    const fitting = fc.constantFrom(
      ...([
        [publics[0], 'ES256', 32, 64],
        [publics[1], 'ES384', 48, 96],
        [publics[2], 'ES512', 64, 132],
        [publics[3], 'ES256K', 32, 64],
      ] as const),
    );
    const bytes = (length: number) =>
      fc.oneof(
        fc.uint8Array({ minLength: length, maxLength: length }),
        fc.constantFrom(0, 1, 0x7f, 0x80, 0xff).map((byte) => Buffer.alloc(length, byte)),
      );
    const right = fitting.chain(([key, alg, digest, signature]) =>
      fc.tuple(fc.constant<unknown>(key), fc.constant<unknown>(alg), bytes(digest), bytes(signature)),
    );
    const others = fc.oneof(fc.constantFrom<unknown>(...publics, secret, released, {}, ...names), anything);
    const swapped = fc
      .tuple(right, fc.nat({ max: 3 }), fc.oneof(others, fc.uint8Array({ maxLength: 200 })))
      .map(([values, at, other]) => values.map((value, i) => (i === at ? other : value)));
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(right, swapped), async (values: unknown[]) => {
        const given = await outcome(() =>
          addon.verifyDigest(...(values as [AddonKey, string, Uint8Array, Uint8Array])),
        );
        if (typeof given === 'string') return;
        answered += 1;
        expect(given).toBe(false);
        expect(publics).toContain(values[0]);
      }),
      { numRuns: 8000 },
    );
    expect(answered).toBeGreaterThan(3000);
    expect(await outcome(() => addon.signDigest(publics[0] as AddonKey, 'ES256', Buffer.alloc(32)))).toBe(
      'The key is not for this operation.',
    );
    for (const each of publics) addon.release(each);
  });

  it('takes bytes of any kind of memory: a view, shared, resizable, detached', async () => {
    const key = keyOf('P-256');
    const digest = Buffer.alloc(32, 9);
    const shared = new Uint8Array(new SharedArrayBuffer(32));
    const resizable = new ArrayBuffer(64, { maxByteLength: 128 });
    const view = new Uint8Array(resizable, 32);
    const detached = new Uint8Array(32);
    structuredClone(detached, { transfer: [detached.buffer] });

    expect(addon.signDigest(key, 'ES256', shared)).toHaveLength(64);
    expect(addon.signDigest(key, 'ES256', Buffer.concat([digest, digest]).subarray(7, 39))).toHaveLength(64);
    expect(addon.signDigest(key, 'ES256', view)).toHaveLength(64);
    resizable.resize(40);
    expect(await outcome(() => addon.signDigest(key, 'ES256', view))).toBe('The digest has a wrong length.');
    expect(await outcome(() => addon.signDigest(key, 'ES256', detached))).toBe('The digest has a wrong length.');
    expect(await outcome(() => addon.load(detached))).toBe('The key has a wrong length.');
  });
});

run(`a key in the addon${why}`, () => {
  it.each(['RSA-1024', 'RSA-PSS', 'Ed25519', 'P-224', 'Brainpool', 'explicit parameters', 'zero', 'order'])(
    'cannot be %s',
    async (kind) => {
      const scalar = (hex: string) =>
        Buffer.from(`3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420${hex}`, 'hex');
      const ders: Record<string, () => Buffer> = {
        'RSA-1024': () => derOf(rsa(1024)),
        'RSA-PSS': () => derOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey),
        Ed25519: () => derOf(generateKeyPairSync('ed25519').privateKey),
        'P-224': () => derOf(ec('secp224r1')),
        Brainpool: () => derOf(ec('brainpoolP256r1')),
        'explicit parameters': () =>
          derOf(generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).privateKey),
        zero: () => scalar('00'.repeat(32)),
        order: () => scalar('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
      };
      const der = ders[kind];
      if (der === undefined) throw new Error('no such kind');

      expect(await outcome(() => addon.load(der()))).toBe('The key cannot be used.');
      expect(addon.load(scalar('11'.repeat(32)))).toBeDefined();
    },
  );

  it('finishes the signatures that have begun when it is released, and begins no other', async () => {
    const key = addon.load(derOf(keys.RSA));
    const message = Buffer.from('message');
    const digest = createHash('sha256').update(message).digest();
    const begun = Array.from({ length: 30 }, async () => addon.signDigest(key, 'RS256', digest));
    digest.fill(0); // it was copied

    addon.release(key);
    addon.release(key);

    for (const signature of await Promise.all(begun)) {
      expect(verify('sha256', message, createPublicKey(keys.RSA), signature)).toBe(true);
    }
    expect(await outcome(() => addon.signDigest(key, 'RS256', digest))).toBe('The key has been released.');
  });

  it('survives the end of threads and of the process during signatures', () => {
    const script = fileURLToPath(new URL('../checks/endings.mjs', import.meta.url));
    expect(() => execFileSync(process.execPath, [script], { stdio: 'pipe' })).not.toThrow();
  });
});

const linux = process.platform === 'linux' ? run : describe.skip;
linux(`the memory of the process${why}`, () => {
  it.each(['EC', 'RSA'])(
    'has each number of an %s key once while it is loaded, and not any more after its release',
    (kty) => {
      const script = fileURLToPath(new URL('../checks/memory.mjs', import.meta.url));
      const seen = JSON.parse(execFileSync(process.execPath, [script, kty], { encoding: 'utf8' })) as Record<
        string,
        number
      >;

      expect(seen).toEqual({ before: 0, loaded: seen['numbers'], numbers: kty === 'EC' ? 1 : 3, released: 0 });
    },
  );
});
