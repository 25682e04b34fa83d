import { createHmac, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { keyProjections } from '@coffer/keys-feature';
import type { keyOperations, VaultSnapshot } from '@coffer/wire';
import { testContext, testVault } from '../support/context.js';
import { keysSetup, type Bundle, type Keys, type KeysSetup } from './keys-setup.js';
import { dump, rowsOf } from './objects-setup.js';

interface Result {
  readonly kid: string;
  readonly value: string;
  readonly iv?: string;
  readonly tag?: string;
  readonly aad?: string;
}

let setup: KeysSetup;
let keys: Keys;
let vault: VaultSnapshot;
/** Copies of the keys that were generated, the latest last. */
const generated: Buffer[] = [];

beforeAll(async () => {
  setup = await keysSetup({}, (provider) => ({
    ...provider,
    generate: async (spec) => {
      const key = await provider.generate(spec);
      generated.push(Buffer.from(key.privateKey.expose()));
      return key;
    },
  }));
  ({ keys } = setup);
});
afterAll(() => setup.close());
beforeEach(() => {
  vault = testVault();
});

async function call<T = Bundle>(operation: keyof typeof keyOperations, body?: unknown, apiVersion = '7.6'): Promise<T> {
  const context = testContext(operation, { vault, now: setup.time.now, params: { name: 'k' }, apiVersion });
  return (await keys.controller.handlers[operation](context, body)).body as T;
}

const make = (size: number, more: object = {}) => call('KeyCreate', { kty: 'oct', key_size: size, ...more });
const latest = (): Buffer => generated.at(-1) ?? Buffer.alloc(0);
const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const bytesOf = (text = ''): Buffer => Buffer.from(text, 'base64url');
const refused = (code: string): unknown => expect.objectContaining({ code });
const sizes = [128, 192, 256] as const;

describe('an oct key', () => {
  it('has 256 bits and every operation by default, and shows its type only', async () => {
    const { key } = await call('KeyCreate', { kty: 'oct' });
    expect(latest()).toHaveLength(32);
    expect(key).toEqual({
      kid: key.kid,
      kty: 'oct',
      key_ops: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
    });
    expect((await call('KeyGet')).key).toEqual(key);
  });

  it('is created by a version without HMAC without sign and verify', async () => {
    const { key } = await call('KeyCreate', { kty: 'oct' }, '7.4');
    expect(key['key_ops']).toEqual(['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']);
    const body = { alg: 'HS256', value: 'AQ' };
    await expect(call('KeySign', body)).rejects.toEqual(refused('KeyOperationForbidden'));
    await call('KeyUpdate', { key_ops: ['sign'] });
    await call('KeySign', body);
    await expect(call('KeySign', body, '7.5')).rejects.toEqual(refused('BadParameter'));
  });

  it('leaves its bytes nowhere in the database but under its DEK, and its rows are rebuilt from the log', async () => {
    await make(128);
    await call('KeyEncrypt', { alg: 'A128GCM', value: b64(Buffer.from('CANARY')), aad: 'AAAA' });
    const text = await dump(setup.ports.database);
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(text.includes(latest().toString(encoding).replaceAll('=', ''))).toBe(false);
    }
    for (const projection of keyProjections) {
      const read = () => Promise.all(projection.tables.map((table) => rowsOf(setup.ports.database, table)));
      const live = await read();
      expect(await rebuildProjection(setup.ports.database, projection)).toBeGreaterThan(0);
      expect(await read()).toEqual(live);
    }
  });
});

describe.each(sizes)('with a key of %i bits', (size) => {
  it('what GCM encrypts is standard GCM, and is decrypted by what the answer holds', async () => {
    const { key } = await make(size);
    const plaintext = randomBytes(50);
    const alg = `A${size}GCM`;
    const sealed = await call<Result>('KeyEncrypt', { alg, value: b64(plaintext), aad: b64(Buffer.from('context')) });
    expect(Object.keys(sealed).sort()).toEqual(['aad', 'iv', 'kid', 'tag', 'value']);
    expect(sealed.kid).toBe(key.kid);

    const theirs = createDecipheriv(`aes-${size}-gcm`, latest(), bytesOf(sealed.iv), { authTagLength: 16 });
    theirs.setAAD(bytesOf(sealed.aad)).setAuthTag(bytesOf(sealed.tag));
    expect(Buffer.concat([theirs.update(bytesOf(sealed.value)), theirs.final()])).toEqual(plaintext);
    const opened = await call('KeyDecrypt', { alg, ...sealed });
    expect(opened).toEqual({ kid: key.kid, value: b64(plaintext) });
  });

  it.each(['CBC', 'CBCPAD'])('%s uses the caller’s iv, or makes one, and answers it', async (mode) => {
    await make(size);
    const alg = `A${size}${mode}`;
    const value = b64(randomBytes(48));
    const iv = b64(randomBytes(16));
    const given = await call<Result>('KeyEncrypt', { alg, value, iv });
    expect(given.iv).toBe(iv);
    const made = await call<Result>('KeyEncrypt', { alg, value });
    expect(bytesOf(made.iv)).toHaveLength(16);
    for (const sealed of [given, made]) {
      expect(sealed).not.toHaveProperty('tag');
      expect((await call<Result>('KeyDecrypt', { alg, ...sealed })).value).toBe(value);
    }
  });

  it('a key is wrapped and unwrapped', async () => {
    await make(size);
    const value = b64(randomBytes(32));
    for (const alg of [`A${size}KW`, 'CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD']) {
      const wrapped = await call<Result>('KeyWrap', { alg, value });
      expect(Object.keys(wrapped)).toEqual(['kid', 'value']);
      expect((await call<Result>('KeyUnwrap', { alg, value: wrapped.value })).value).toBe(value);
    }
  });

  it.each([
    ['HS256', 'sha256'],
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ])('%s is the HMAC of the value', async (alg, hash) => {
    await make(size);
    const message = randomBytes(100);
    const { value } = await call<Result>('KeySign', { alg, value: b64(message) });
    expect(bytesOf(value)).toEqual(createHmac(hash, latest()).update(message).digest());
    const verify = (bytes: Buffer) => call('KeyVerify', { alg, digest: b64(bytes), value });
    expect(await verify(message)).toEqual({ value: true });
    expect(await verify(randomBytes(100))).toEqual({ value: false });
  });
});

describe('an imported key', () => {
  interface Vector {
    readonly key: string;
    readonly plaintext?: string;
    readonly [member: string]: string | undefined;
  }
  const file = new URL('../../libs/platform/crypto-node/vectors/aes-cavp.json', import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Record<'gcm' | 'cbc' | 'kw' | 'kwp', Vector[]>;
  /** Every seventh: the provider's own specs have all of them. */
  const some = (family: keyof typeof vectors): Vector[] => vectors[family].filter((_, index) => index % 7 === 0);
  const wire = (hex: string | undefined): string => b64(Buffer.from(hex ?? '', 'hex'));
  const importKey = (hex: string) => call('KeyImport', { key: { kty: 'oct', k: wire(hex) } });
  const bits = ({ key }: Vector): number => key.length * 4;
  const cases = [
    ...some('gcm').map((v) => ['KeyDecrypt', `A${bits(v)}GCM`, v, v['ciphertext']] as const),
    ...some('cbc').map((v) => ['KeyDecrypt', `A${bits(v)}CBC`, v, v['ciphertext']] as const),
    ...some('kw').map((v) => ['KeyUnwrap', `A${bits(v)}KW`, v, v['wrapped']] as const),
    ...some('kwp').map((v) => ['KeyUnwrap', 'CKM_AES_KEY_WRAP_PAD', v, v['wrapped']] as const),
  ];

  it.each(cases)('answers %s by %s as NIST CAVP has it', async (operation, alg, vector, value) => {
    await importKey(vector.key);
    const { iv, aad, tag } = vector;
    const cipher = operation === 'KeyUnwrap' ? {} : { iv: wire(iv), ...(tag && { tag: wire(tag), aad: wire(aad) }) };
    const revealing = call<Result>(operation, { alg, value: wire(value), ...cipher });
    if (vector.plaintext === undefined) {
      await expect(revealing).rejects.toMatchObject({ code: 'BadParameter', message: 'The parameter is incorrect.' });
      return;
    }
    expect((await revealing).value).toBe(wire(vector.plaintext));
    if (operation === 'KeyUnwrap') {
      expect((await call<Result>('KeyWrap', { alg, value: wire(vector.plaintext) })).value).toBe(wire(value));
    }
  });

  it('signs as RFC 4231 has it', async () => {
    await importKey(Buffer.concat([Buffer.from('Jefe'), Buffer.alloc(12)]).toString('hex'));
    const value = b64(Buffer.from('what do ya want for nothing?'));
    const signed = await call<Result>('KeySign', { alg: 'HS256', value });
    expect(signed.value).toBe(wire('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'));
  });
});

describe('a newer version', () => {
  it('may have another size; the older one still decrypts', async () => {
    const { key } = await make(128);
    const value = b64(randomBytes(16));
    const sealed = await call<Result>('KeyEncrypt', { alg: 'A128GCM', value });
    await make(256);
    await expect(call('KeyEncrypt', { alg: 'A128GCM', value })).rejects.toEqual(refused('BadParameter'));
    const params = { name: 'k', version: key.kid.split('/').at(-1) ?? '' };
    const context = testContext('KeyDecrypt', { vault, now: setup.time.now, params });
    const reply = await keys.controller.handlers.KeyDecrypt(context, { alg: 'A128GCM', ...sealed });
    expect(reply.body).toEqual({ kid: key.kid, value });
  });
});
