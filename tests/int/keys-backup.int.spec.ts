import { createHash, randomBytes } from 'node:crypto';
import type { keyOperations, VaultSnapshot } from '@coffer/wire';
import { testContext, testVault } from '../support/context.js';
import { keysSetup, type Bundle, type Keys, type KeysSetup } from './keys-setup.js';
import { dump, rowsOf } from './objects-setup.js';

let setup: KeysSetup;
let keys: Keys;
beforeAll(async () => {
  setup = await keysSetup();
  ({ keys } = setup);
});
afterAll(() => setup.close());

let home: VaultSnapshot;
let other: VaultSnapshot;
beforeEach(() => {
  home = testVault();
  other = testVault();
});

async function call<T = Bundle>(
  vault: VaultSnapshot,
  operation: keyof typeof keyOperations,
  params: Record<string, string> = {},
  body?: unknown,
): Promise<T> {
  const context = testContext(operation, { vault, now: setup.time.now, params });
  return (await keys.controller.handlers[operation](context, body)).body as T;
}

const backup = async (vault: VaultSnapshot, name: string) =>
  (await call<{ value: string }>(vault, 'KeyBackup', { name })).value;
const restore = (vault: VaultSnapshot, value: string) => call(vault, 'KeyRestore', {}, { value });
const refused = (code: string): unknown => expect.objectContaining({ code });
const versionOf = ({ key }: Bundle): string => key.kid.split('/').at(-1) ?? '';
const digest = createHash('sha256').update('x').digest('base64url');

/** A key with three versions, of which the middle one is disabled. */
async function life(): Promise<{ readonly versions: string[]; readonly blob: string; readonly signature: string }> {
  const first = await call(home, 'KeyCreate', { name: 'Key' }, { kty: 'EC', tags: { n: '1' } });
  const second = await call(home, 'KeyCreate', { name: 'key' }, { kty: 'RSA', attributes: { enabled: false, exp: 9 } });
  const third = await call(home, 'KeyCreate', { name: 'key' }, { kty: 'oct', key_ops: ['encrypt', 'decrypt'] });
  setup.time.now += 5_000;
  await call(home, 'KeyUpdate', { name: 'key', version: versionOf(first) }, { tags: { n: 'one' } });
  const versions = [first, second, third].map(versionOf);
  const at = { name: 'key', version: versionOf(first) };
  const { value: signature } = await call<{ value: string }>(home, 'KeySign', at, { alg: 'ES256', value: digest });
  return { versions, blob: await backup(home, 'KEY'), signature };
}

describe('a backup of a key', () => {
  it('brings every version back into another vault of the subscription: ids, attributes, tags, and the key itself', async () => {
    const { versions, blob, signature } = await life();
    const sealed = await call<{ value: string; iv: string; tag: string }>(
      home,
      'KeyEncrypt',
      { name: 'key' },
      {
        alg: 'A256GCM',
        value: 'AAAA',
      },
    );
    setup.time.now += 1_000_000;
    const latest = await restore(other, blob);
    expect(latest.key.kid).toMatch(new RegExp(`/keys/Key/${versions[2] ?? ''}$`));
    for (const version of versions) {
      const [was, is] = await Promise.all(
        [home, other].map((vault) => call(vault, 'KeyGet', { name: 'key', version })),
      );
      expect(is).toEqual({ ...was, key: { ...was?.key, kid: is?.key.kid } });
    }
    const at = { name: 'key', version: versions[0] ?? '' };
    const verified = await call<{ value: boolean }>(other, 'KeyVerify', at, { alg: 'ES256', digest, value: signature });
    expect(verified.value).toBe(true);
    const { iv, tag, value } = sealed;
    const opened = await call<{ value: string }>(
      other,
      'KeyDecrypt',
      { name: 'key' },
      { alg: 'A256GCM', value, iv, tag },
    );
    expect(opened.value).toBe('AAAA');
  });

  it('can be restored where it came from only when the name is free again', async () => {
    const { blob, versions } = await life();
    await expect(restore(home, blob)).rejects.toEqual(refused('Conflict'));
    await call(home, 'KeyDelete', { name: 'key' });
    await expect(restore(home, blob)).rejects.toEqual(refused('ObjectIsDeletedButRecoverable'));
    await call(home, 'KeyPurge', { name: 'key' });
    expect(versionOf(await restore(home, blob))).toBe(versions[2]);
    await expect(restore(home, blob)).rejects.toEqual(refused('Conflict'));
  });

  it('is restored once by many who restore it at the same time', async () => {
    const { blob } = await life();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => restore(other, blob)));
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(failed).toEqual(Array.from({ length: 7 }, () => refused('Conflict')));
    for (const refusal of failed) expect((refusal as Error).message).not.toMatch(/retry/i);
  });

  it('opens in no other subscription and no other place', async () => {
    const { blob } = await life();
    const elsewhere = { ...other, location: 'moon' };
    const foreign = { ...other, resourceId: other.resourceId.replace(/subscriptions\/[^/]+/, 'subscriptions/5') };
    for (const vault of [elsewhere, foreign]) {
      await expect(restore(vault, blob)).rejects.toEqual(refused('BadParameter'));
      await call(vault, 'KeyCreate', { name: 'k' }, { kty: 'EC' });
      await backup(vault, 'k'); // now there is a KEK of that place, and it is another one
      await expect(restore(vault, blob)).rejects.toEqual(refused('BadParameter'));
    }
  });

  it('is refused whichever byte is changed, and when it is cut', async () => {
    const { blob } = await life();
    const bytes = Buffer.from(blob, 'base64url');
    for (let at = 0; at < bytes.length; at += at < 120 ? 1 : 97) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(restore(other, changed.toString('base64url'))).rejects.toEqual(refused('BadParameter'));
    }
    for (const length of [0, 10, 30, 60, bytes.length - 1]) {
      const cut = bytes.subarray(0, length).toString('base64url');
      await expect(restore(other, cut)).rejects.toEqual(refused('BadParameter'));
    }
    await expect(restore(other, 'not base64!')).rejects.toEqual(refused('BadParameter'));
    await expect(call(other, 'KeyGet', { name: 'key' })).rejects.toEqual(refused('KeyNotFound'));
  });

  it('shows no name, no tag and no key', async () => {
    const k = randomBytes(32);
    const jwk = { kty: 'oct', k: k.toString('base64url') };
    await call(home, 'KeyImport', { name: 'canary-name' }, { key: jwk, tags: { note: 'canary-tag' } });
    const blob = Buffer.from(await backup(home, 'canary-name'), 'base64url');
    await restore(other, blob.toString('base64url'));
    const stored = await dump(setup.ports.database);
    for (const secret of [k, Buffer.from('canary-tag')]) {
      expect(blob.includes(secret)).toBe(false);
      expect(stored.includes(secret.toString('hex'))).toBe(false);
    }
    expect(blob.includes('canary-name')).toBe(false);
    expect(await rowsOf(setup.ports.database, 'key_versions')).toEqual(
      expect.arrayContaining([expect.stringContaining('imported')]),
    );
  });

  it('is made of 500 versions at most, and of no key that is deleted or missing', async () => {
    const { key } = await call(home, 'KeyCreate', { name: 'many' }, { kty: 'oct' });
    for (let i = 1; i < 500; i += 1) await call(home, 'KeyCreate', { name: 'many' }, { kty: 'oct' });
    await restore(other, await backup(home, 'many'));
    const first = { name: 'many', version: key.kid.split('/').at(-1) ?? '' };
    expect((await call(other, 'KeyGet', first)).key['kty']).toBe('oct');
    await call(home, 'KeyCreate', { name: 'many' }, { kty: 'oct' });
    await expect(backup(home, 'many')).rejects.toEqual(refused('BadParameter'));
    await call(home, 'KeyDelete', { name: 'many' });
    await expect(backup(home, 'many')).rejects.toEqual(refused('KeyNotFound'));
    await expect(backup(home, 'nothing')).rejects.toEqual(refused('KeyNotFound'));
  });
});
