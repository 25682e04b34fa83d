import { createHash, createPublicKey, generateKeyPairSync, randomBytes, verify, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { keyProjections, keysMigrations } from '@coffer/keys-feature';
import type { keyOperations, VaultSnapshot } from '@coffer/wire';
import { testContext, testVault, type ContextOptions } from '../support/context.js';
import { blobFor, encoded, type Blob } from '../support/transfer-blob.js';
import { keysSetup, type Bundle, type Keys, type KeysSetup } from './keys-setup.js';
import { dump, rowsOf } from './objects-setup.js';

let setup: KeysSetup;
let keys: Keys;
beforeAll(async () => {
  setup = await keysSetup({ threads: 1 });
  ({ keys } = setup);
});
afterAll(() => setup.close());

type Operation = keyof typeof keyOperations;
type Options = ContextOptions & { readonly vault?: VaultSnapshot };

let vault: VaultSnapshot;
let kek: Bundle;
beforeEach(async () => {
  vault = testVault();
  kek = await call('KeyCreate', { name: 'kek' }, { kty: 'RSA', key_ops: ['import'] });
});

async function outcomeOf(operation: Operation, params: Record<string, string>, body: unknown, more: Options = {}) {
  const context = testContext(operation, { vault, now: setup.time.now, params, ...more });
  const outcome = await keys.controller.handlers[operation](context, body).then(
    ({ body: answer }) => ({ answer, error: undefined }),
    (error: unknown) => ({ answer: undefined, error }),
  );
  return { ...outcome, audit: context.audit.described };
}

async function call<T = Bundle>(
  operation: Operation,
  params: Record<string, string>,
  body?: unknown,
  more: Options = {},
): Promise<T> {
  const { answer, error } = await outcomeOf(operation, params, body, more);
  if (error !== undefined) throw error as Error;
  return answer as T;
}

const brought = (blob: unknown, kty: string, more: object = {}) => ({ key: { kty, key_hsm: encoded(blob), ...more } });
const bring = (blob: unknown, kty = 'EC', more: object = {}) =>
  call('KeyImport', { name: 'mine' }, brought(blob, kty, more));
const refused = (code: string, message = /./): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as string });
const versionOf = ({ key }: Bundle): string => key.kid.split('/').at(-1) ?? '';
const events = () => rowsOf(setup.ports.database, 'events');

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 });
const UNOPENED = /^The parameter is incorrect\.$/;

async function expectSigns(bundle: Bundle, alg: string, publicKey: KeyObject): Promise<void> {
  const message = Buffer.from('message');
  const value = createHash('sha256').update(message).digest('base64url');
  const params = { name: 'mine', version: versionOf(bundle) };
  const signed = await call<{ value: string }>('KeySign', params, { alg, value });
  const signature = Buffer.from(signed.value, 'base64url');
  expect(verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
}

describe('a key in a transfer blob', () => {
  it.each([
    ['RSA', 'RS256', rsa],
    ['EC', 'ES256', ec],
  ] as const)('of type %s is taken, and signs as its owner would', async (kty, alg, { privateKey, publicKey }) => {
    const bundle = await bring(blobFor(kek.key, privateKey), kty, { key_ops: ['sign'] });
    expect(bundle.key).toMatchObject({ kty, key_ops: ['sign'] });
    expect(createPublicKey({ key: bundle.key, format: 'jwk' }).equals(publicKey)).toBe(true);
    expect(bundle.key).not.toHaveProperty('key_hsm');
    await expectSigns(bundle, alg, publicKey);
  });

  it('leaves a proof of what it was wrapped to, in the log and in the audit record, and no trace of itself', async () => {
    const { answer, audit } = await outcomeOf(
      'KeyImport',
      { name: 'mine' },
      brought(blobFor(kek.key, ec.privateKey), 'EC'),
    );
    const version = versionOf(answer as Bundle);
    expect(audit).toMatchObject({ id: (answer as Bundle).key.kid, properties: { wrappedBy: kek.key.kid } });
    const stored = (await events()).filter((row) => row.includes(version));
    expect(stored.join()).toContain('wrappedBy');
    expect(stored.join()).toContain(versionOf(kek));
    const { rows } = await setup.ports.database.query<{ origin: string }>(
      'SELECT origin FROM key_versions WHERE version = $1',
      [version],
    );
    expect(rows).toEqual([{ origin: 'imported' }]);
    const all = await dump(setup.ports.database);
    const { d = '' } = ec.privateKey.export({ format: 'jwk' });
    expect(all).not.toContain(d);
    expect(all).not.toContain(Buffer.from(d, 'base64url').toString('hex'));
  });

  it('becomes a new version of a name that is there, with the attributes that are asked for', async () => {
    const first = await bring(blobFor(kek.key, ec.privateKey));
    const body = {
      ...brought(blobFor(kek.key, rsa.privateKey), 'RSA'),
      attributes: { exp: 2_000_000_000 },
      tags: { a: 'b' },
    };
    const second = await call('KeyImport', { name: 'MINE' }, body);
    expect(second).toMatchObject({ attributes: { exp: 2_000_000_000 }, tags: { a: 'b' } });
    expect(versionOf(second)).not.toBe(versionOf(first));
    await expectSigns(first, 'ES256', ec.publicKey);
  });

  it('opens with the version that it was wrapped to, also after that was rotated', async () => {
    const blob = blobFor(kek.key, ec.privateKey);
    const next = await call('KeyRotate', { name: 'kek' });
    expect(next.key['key_ops']).toEqual(['import']);
    await bring(blob);
    await bring(blobFor(next.key, ec.privateKey));
    const crossed = { ...blob, header: { ...blob.header, kid: next.key.kid } };
    await expect(bring(crossed)).rejects.toEqual(refused('BadParameter', UNOPENED));
  });

  it('keeps that proof through backup and restore, any number of times', async () => {
    const bundle = await bring(blobFor(kek.key, ec.privateKey));
    let from = vault;
    for (let i = 0; i < 2; i += 1) {
      const to = testVault();
      const { value } = await call<{ value: string }>('KeyBackup', { name: 'mine' }, undefined, { vault: from });
      await call('KeyRestore', {}, { value }, { vault: to });
      from = to;
    }
    const restored = (await events()).filter((row) => row.includes(from.vaultId) && row.includes(versionOf(bundle)));
    expect(restored).toHaveLength(1);
    expect(restored[0]).toContain('wrappedBy');
    expect(restored[0]).toContain(versionOf(kek));
  });

  it('is known to backups after an update from before they knew it', async () => {
    await bring(blobFor(kek.key, ec.privateKey));
    const { database } = setup.ports;
    const select = 'SELECT version, wrapped_by FROM key_versions ORDER BY object_id, version';
    const { rows: before } = await database.query<{ wrapped_by: unknown }>(select);
    expect(before.map((row) => row.wrapped_by)).toContainEqual({ name: 'kek', version: versionOf(kek) });
    await database.query('ALTER TABLE key_versions DROP COLUMN wrapped_by');
    await database.query(readFileSync(new URL('0005-wrapped-by.sql', keysMigrations.directory), 'utf8'));
    expect((await database.query(select)).rows).toEqual(before);
  });

  it('is the same after the read models are made again', async () => {
    await bring(blobFor(kek.key, ec.privateKey));
    const before = await rowsOf(setup.ports.database, 'key_versions');
    for (const projection of keyProjections) await rebuildProjection(setup.ports.database, projection);
    expect(await rowsOf(setup.ports.database, 'key_versions')).toEqual(before);
  });
});

describe('a blob that is no good', () => {
  const kidOf = (change: (kid: string) => string) => (blob: Blob) => ({
    ...blob,
    header: { ...blob.header, kid: change(kek.key.kid) },
  });
  const header = (more: object) => (blob: Blob) => ({ ...blob, header: { ...blob.header, ...more } });
  const bytes = (change: (ciphertext: Buffer) => Uint8Array) => (blob: Blob) => ({
    ...blob,
    ciphertext: Buffer.from(change(Buffer.from(String(blob.ciphertext), 'base64url'))).toString('base64url'),
  });
  const flip = (at: number) =>
    bytes((ciphertext) => {
      const index = at < 0 ? ciphertext.length + at : at;
      ciphertext[index] = (ciphertext[index] ?? 0) ^ 4;
      return ciphertext;
    });
  const HSM = /^Property key\.key_hsm/;
  const otherVault = /wrapped to a key of another vault/;

  it.each<[string, (blob: Blob) => unknown, RegExp]>([
    ['no object', () => [], HSM],
    ['nothing', () => null, HSM],
    ['a later schema', (blob) => ({ ...blob, schema_version: '1.0.1' }), /schema_version/],
    ['no header', (blob) => ({ ...blob, header: undefined }), /header/],
    ['another alg', header({ alg: 'RSA-OAEP' }), /header\.alg/],
    ['another enc', header({ enc: 'RSA_AES_KEY_WRAP_256' }), /header\.enc/],
    ['no kid', header({ kid: undefined }), /header\.kid/],
    ['a kid that is no URL', header({ kid: 'kek' }), /header\.kid/],
    ['a kid without version', kidOf((kid) => kid.slice(0, -33)), /header\.kid/],
    ['a kid with a query', kidOf((kid) => `${kid}?a=b`), /header\.kid/],
    ['a kid with credentials', kidOf((kid) => kid.replace('//', '//a:b@')), /header\.kid/],
    ['a kid of secrets', kidOf((kid) => kid.replace('/keys/', '/secrets/')), /header\.kid/],
    ['a kid of another host', kidOf((kid) => kid.replace('.localhost', '.localhost.example')), otherVault],
    ['a kid of another port', kidOf((kid) => kid.replace(':8443', ':8444')), otherVault],
    ['a kid without TLS', kidOf((kid) => kid.replace('https', 'http')), otherVault],
    ['no ciphertext', (blob) => ({ ...blob, ciphertext: undefined }), /ciphertext/],
    ['a ciphertext that is no base64url', (blob) => ({ ...blob, ciphertext: '!' }), /ciphertext/],
    ['an empty ciphertext', (blob) => ({ ...blob, ciphertext: '' }), UNOPENED],
    ['a changed RSA block', flip(0), UNOPENED],
    ['a changed end of the RSA block', flip(255), UNOPENED],
    ['a changed integrity value', flip(256), UNOPENED],
    ['a changed length', flip(263), UNOPENED],
    ['a changed key', flip(300), UNOPENED],
    ['a changed end', flip(-1), UNOPENED],
    ['a cut end', bytes((ciphertext) => ciphertext.subarray(0, -8)), UNOPENED],
    ['a cut RSA block', bytes((ciphertext) => ciphertext.subarray(0, 200)), UNOPENED],
    ['something appended', bytes((ciphertext) => Buffer.concat([ciphertext, randomBytes(8)])), UNOPENED],
    ['parts of two', bytes((c) => Buffer.concat([randomBytes(256), c.subarray(256)])), UNOPENED],
  ])('%s is refused and stores nothing', async (_what, change, message) => {
    const before = await events();
    const blob = change(blobFor(kek.key, ec.privateKey));
    await expect(bring(blob)).rejects.toEqual(refused('BadParameter', message));
    expect(await events()).toEqual(before);
  });

  it.each([
    ['no base64url', '{}', HSM],
    ['no JSON', Buffer.from('{"a":').toString('base64url'), HSM],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url'), HSM],
    ['too long', 'A'.repeat(16_385), HSM],
  ])('%s is refused', async (_what, key_hsm, message) => {
    const imported = call('KeyImport', { name: 'mine' }, { key: { kty: 'EC', key_hsm } });
    await expect(imported).rejects.toEqual(refused('BadParameter', message));
  });

  it('is refused when it was wrapped to a key that has the same name in another vault', async () => {
    const blob = blobFor(kek.key, ec.privateKey);
    const other = { vault: testVault() };
    const twin = await call('KeyCreate', { name: 'kek' }, { kty: 'RSA', key_ops: ['import'] }, other);
    const imported = call('KeyImport', { name: 'mine' }, brought(blob, 'EC'), other);
    await expect(imported).rejects.toEqual(refused('BadParameter', otherVault));
    // Even when it says otherwise: it does not open.
    const renamed = { ...blob, header: { ...blob.header, kid: twin.key.kid } };
    await expect(call('KeyImport', { name: 'mine' }, brought(renamed, 'EC'), other)).rejects.toEqual(
      refused('BadParameter', UNOPENED),
    );
  });

  it('names what is wrong with a key that opens', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    await expect(bring(blobFor(kek.key, weak), 'RSA')).rejects.toEqual(refused('BadParameter', /^Property key\.n /));
    const wrong = bring(blobFor(kek.key, ec.privateKey), 'RSA');
    await expect(wrong).rejects.toEqual(refused('BadParameter', /^Property key\.kty /));
    const curve = bring(blobFor(kek.key, ec.privateKey), 'EC', { crv: 'P-384' });
    await expect(curve).rejects.toEqual(refused('BadParameter', /^Property key\.crv /));
    await bring(blobFor(kek.key, ec.privateKey), 'EC', { crv: 'P-256' });
    const bytes = bring(blobFor(kek.key, randomBytes(100)));
    await expect(bytes).rejects.toEqual(refused('BadParameter', UNOPENED));
  });

  it.each([
    ['RSA-HSM', {}, /hardware security module/],
    ['EC-HSM', {}, /hardware security module/],
    ['oct', {}, /key\.kty/],
    ['OKP', {}, /key\.kty/],
    ['EC', { d: 'AQ' }, /^Property key\.d /],
    ['EC', { x: 'AQ', y: 'AQ' }, /^Property key\.x /],
    ['RSA', { n: 'AQ' }, /^Property key\.n /],
    ['EC', { key_ops: ['decrypt'] }, /^Property key_ops /],
    ['RSA', { key_ops: ['import'] }, /made in this vault/],
  ])('is refused as %s with %j', async (kty, more, message) => {
    const imported = bring(blobFor(kek.key, ec.privateKey), kty, more);
    await expect(imported).rejects.toEqual(refused('BadParameter', message));
  });
});

describe('the exchange key', () => {
  it('does nothing else', async () => {
    const value = Buffer.alloc(32).toString('base64url');
    const works = [
      ['KeySign', { alg: 'RS256', value }],
      ['KeyVerify', { alg: 'RS256', digest: value, value }],
      ['KeyEncrypt', { alg: 'RSA-OAEP', value }],
      ['KeyDecrypt', { alg: 'RSA-OAEP', value }],
      ['KeyWrap', { alg: 'RSA-OAEP', value }],
      ['KeyUnwrap', { alg: 'RSA-OAEP', value }],
    ] as const;
    for (const [operation, body] of works) {
      await expect(call(operation, { name: 'kek' }, body)).rejects.toEqual(refused('KeyOperationForbidden'));
    }
  });

  it.each([[['import', 'decrypt']], [['unwrapKey']], [[]]])('cannot be given %j instead', async (key_ops) => {
    await expect(call('KeyUpdate', { name: 'kek' }, { key_ops })).rejects.toEqual(refused('BadParameter', /key_ops/));
  });

  it.each([2048, 3072, 4096])('may have %d bits', async (key_size) => {
    const made = await call('KeyCreate', { name: 'other' }, { kty: 'RSA', key_size, key_ops: ['import'] });
    await bring(blobFor(made.key, ec.privateKey));
  });

  it.each([
    [{ kty: 'RSA', key_ops: ['import', 'sign'] }],
    [{ kty: 'EC', key_ops: ['import'] }],
    [{ kty: 'oct', key_ops: ['import'] }],
  ])('is not made as %j', async (body) => {
    await expect(call('KeyCreate', { name: 'other' }, body)).rejects.toEqual(refused('BadParameter', /key_ops/));
  });

  it('opens nothing when it is disabled, from the next call on', async () => {
    await bring(blobFor(kek.key, ec.privateKey));
    await call('KeyUpdate', { name: 'kek' }, { attributes: { enabled: false } });
    await expect(bring(blobFor(kek.key, ec.privateKey))).rejects.toEqual(refused('KeyDisabled'));
    await call('KeyUpdate', { name: 'kek' }, { attributes: { enabled: true } });
    await bring(blobFor(kek.key, ec.privateKey));
  });

  it('opens nothing before and after its time', async () => {
    const now = Math.floor(setup.time.now / 1000);
    for (const [attributes, code] of [
      [{ nbf: now + 1 }, 'KeyNotYetValid'],
      [{ exp: now }, 'KeyExpired'],
    ] as const) {
      const made = await call('KeyCreate', { name: 'kek' }, { kty: 'RSA', key_ops: ['import'], attributes });
      await expect(bring(blobFor(made.key, ec.privateKey))).rejects.toEqual(refused(code));
    }
  });

  it('must be one, and must be there', async () => {
    const ordinary = await call('KeyCreate', { name: 'ordinary' }, { kty: 'RSA' });
    await expect(bring(blobFor(ordinary.key, ec.privateKey))).rejects.toEqual(refused('KeyOperationForbidden'));
    const blob = blobFor(kek.key, ec.privateKey);
    const unknown = { ...blob, header: { ...blob.header, kid: kek.key.kid.replace(/.{32}$/, 'f'.repeat(32)) } };
    await expect(bring(unknown)).rejects.toEqual(refused('KeyNotFound'));
    await call('KeyDelete', { name: 'kek' });
    await expect(bring(blob)).rejects.toEqual(refused('KeyNotFound'));
  });
});
