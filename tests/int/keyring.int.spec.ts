import { readFile, rm, writeFile } from 'node:fs/promises';
import type { MaterialScope } from '@coffer/contracts';
import { newId, SecretBytes } from '@coffer/kernel';
import { createSealer, fileRootKey, passphraseRootKey } from '@coffer/keyring';
import { keyringSetup, unreachable, type KeyringSetup } from './keyring-setup.js';

let setup: KeyringSetup;

beforeEach(async () => {
  setup = await keyringSetup();
});

afterEach(() => setup.close());

const aScope = (vaultId: string): MaterialScope => ({
  vaultId,
  kind: 'secret',
  objectId: newId(),
  version: 'a'.repeat(32),
});
const plaintext = Buffer.from('correct horse battery staple');
const MINUTE = 60_000;

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  return (await setup.database.query(`SELECT * FROM ${table}`)).rows;
}

describe('the root key', () => {
  it('of the first start opens the data at the next one', async () => {
    const scope = aScope(newId());
    const key = await createSealer((await setup.open()).source('secrets')).mint(scope);
    const ciphertext = key.encrypt(plaintext, 'value');

    const again = createSealer((await setup.open()).source('secrets'));

    expect((await again.open(scope, key.wrapped)).decrypt(ciphertext, 'value').expose()).toEqual(plaintext);
  });

  it('that is another one is refused at open, and nothing changes', async () => {
    await (await setup.open()).source('keys').current(newId());
    const before = [await rowsOf('keks'), await rowsOf('keyring_root')];
    await writeFile(setup.rootKeyFile, Buffer.alloc(32, 1));

    await expect(setup.open()).rejects.toMatchObject({ name: 'KeyringError', reason: 'wrong-root-key' });
    expect([await rowsOf('keks'), await rowsOf('keyring_root')]).toEqual(before);
  });

  it('that is lost is not replaced by a new one', async () => {
    await setup.open();
    await rm(setup.rootKeyFile);

    await expect(setup.open()).rejects.toMatchObject({ reason: 'root-key-missing' });
    await expect(readFile(setup.rootKeyFile)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('of another kind is named as such', async () => {
    await setup.open();
    const rootKey = passphraseRootKey(SecretBytes.fromUtf8('correct horse battery'));

    await expect(setup.open({ rootKey })).rejects.toMatchObject({
      reason: 'other-kind-of-root-key',
      message: expect.stringMatching(/'file'.*'passphrase'/) as string,
    });
  });

  it('from a passphrase opens with that passphrase only', async () => {
    const of = (text: string) => ({ rootKey: passphraseRootKey(SecretBytes.fromUtf8(text)) });
    await setup.open(of('correct horse battery'));

    await expect(setup.open(of('correct horse battery'))).resolves.toBeDefined();
    await expect(setup.open(of('incorrect horse battery'))).rejects.toMatchObject({ reason: 'wrong-root-key' });
  });

  it('is refused when its check value was tampered with', async () => {
    await setup.open();
    await setup.database.query(
      'UPDATE keyring_root SET check_value = set_byte(check_value, 14, get_byte(check_value, 14) # 1)',
    );

    await expect(setup.open()).rejects.toMatchObject({ reason: 'wrong-root-key' });
  });

  it('is one when several processes start on a new database at the same time', async () => {
    const keyrings = await Promise.all(Array.from({ length: 8 }, () => setup.open()));
    const scope = aScope(newId());
    const [first] = keyrings;
    const key = await createSealer(first?.source('keys') ?? noSource()).mint(scope);

    for (const keyring of keyrings) {
      await expect(createSealer(keyring.source('keys')).open(scope, key.wrapped)).resolves.toBeDefined();
    }
    expect(await rowsOf('keyring_root')).toHaveLength(1);
  });

  it('of the slower of two machines with files of their own is refused', async () => {
    const other = fileRootKey(`${setup.rootKeyFile}-other`);

    const outcomes = await Promise.allSettled([setup.open(), setup.open({ rootKey: other })]);

    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toMatchObject({ name: 'KeyringError' });
  });
});

function noSource(): never {
  throw new Error('no keyring');
}

describe('a KEK', () => {
  it('is one per vault and purpose, also when many ask for the first at the same time', async () => {
    const keyrings = await Promise.all([setup.open(), setup.open(), setup.open()]);
    const vaultId = newId();

    const found = await Promise.all(
      keyrings.flatMap((keyring) => Array.from({ length: 20 }, () => keyring.source('keys').current(vaultId))),
    );

    expect(new Set(found.map((vaultKey) => vaultKey.key.expose().toString('hex'))).size).toBe(1);
    expect(new Set(found.map((vaultKey) => vaultKey.term))).toEqual(new Set([1]));
    expect(await rowsOf('keks')).toHaveLength(1);
  });

  it('differs between vaults and between purposes', async () => {
    const keyring = await setup.open();
    const vaults = [newId(), newId()];
    const all = await Promise.all(
      vaults.flatMap((id) => (['keys', 'secrets', 'identity'] as const).map((p) => keyring.source(p).current(id))),
    );

    expect(new Set(all.map(({ key }) => key.expose().toString('hex'))).size).toBe(6);
  });

  it('is found by its term after a restart', async () => {
    const vaultId = newId();
    const made = (await (await setup.open()).source('keys').current(vaultId)).key.expose().toString('hex');
    const again = (await setup.open()).source('keys');

    expect((await again.byTerm(vaultId, 1)).key.expose().toString('hex')).toBe(made);
    expect((await again.current(vaultId)).key.expose().toString('hex')).toBe(made);
  });

  it.each([0, 2, -1, 1.5, Number.NaN, 2 ** 31, 2 ** 53])('of the term %d does not exist', async (term) => {
    const source = (await setup.open()).source('keys');
    const vaultId = newId();
    await source.current(vaultId);

    await expect(source.byTerm(vaultId, term)).rejects.toMatchObject({ code: 'Internal' });
  });

  it('is read from memory until its age is over', async () => {
    const keyring = await setup.open();
    const vaultId = newId();
    const first = await keyring.source('keys').current(vaultId);

    expect(await keyring.source('keys').current(vaultId)).toBe(first);
    setup.advance(MINUTE);
    expect(await keyring.source('keys').current(vaultId)).not.toBe(first);
  });

  it.each(['vault_id', 'purpose', 'term', 'wrapped'])(
    'is refused when its %s was changed in the database',
    async (column) => {
      const vaultId = newId();
      await (await setup.open()).source('keys').current(vaultId);
      const changes: Record<string, string> = {
        vault_id: `vault_id = 'other'`,
        purpose: `purpose = 'secrets'`,
        term: 'term = 2',
        wrapped: 'wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)',
      };
      await setup.database.query(`UPDATE keks SET ${changes[column] ?? ''}`);

      const source = (await setup.open()).source(column === 'purpose' ? 'secrets' : 'keys');
      const reading = source.byTerm(column === 'vault_id' ? 'other' : vaultId, column === 'term' ? 2 : 1);
      await expect(reading).rejects.toMatchObject({
        code: 'Internal',
        message: 'A wrapped key could not be unwrapped.',
      });
    },
  );

  it('is in the database neither readable nor the root key', async () => {
    const keyring = await setup.open();
    const kek = (await keyring.source('keys').current(newId())).key.expose();
    const rootKey = await readFile(setup.rootKeyFile);
    const dump = JSON.stringify([await rowsOf('keks'), await rowsOf('keyring_root')]);
    const stored = [...(await rowsOf('keks')), ...(await rowsOf('keyring_root'))]
      .flatMap((row) => Object.values(row))
      .filter((value) => Buffer.isBuffer(value));

    expect(stored).toHaveLength(2);
    for (const secret of [kek, rootKey]) {
      expect(stored.filter((bytes) => bytes.includes(secret.subarray(0, 8)))).toEqual([]);
      expect(dump).not.toContain(secret.toString('base64url'));
    }
  });
});

describe('a database that cannot be reached', () => {
  it('makes the KEKs unavailable, and they come back with it', async () => {
    const { database } = setup;
    let away = false;
    const keyring = await setup.open({
      database: {
        query: (text, values) => (away ? unreachable() : database).query(text, values),
        transaction: (work) => (away ? unreachable() : database).transaction(work),
      },
    });
    const vaultId = newId();
    away = true;

    await expect(keyring.source('keys').current(vaultId)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await expect(keyring.source('keys').byTerm(vaultId, 1)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await expect(keyring.rotate(vaultId, 'keys')).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    away = false;
    await expect(keyring.source('keys').current(vaultId)).resolves.toMatchObject({ term: 1 });
  });
});

describe('a rotation', () => {
  it('starts a new term; data of the old one stays readable, and can be re-wrapped', async () => {
    const keyring = await setup.open();
    const sealer = createSealer(keyring.source('secrets'));
    const scope = aScope(newId());
    const key = await sealer.mint(scope);
    const ciphertext = key.encrypt(plaintext, 'value');

    expect(await keyring.rotate(scope.vaultId, 'secrets')).toBe(2);
    const rewrapped = await sealer.rewrap(scope, key.wrapped);

    expect([key.wrapped.term, rewrapped.term]).toEqual([1, 2]);
    for (const wrapped of [key.wrapped, rewrapped]) {
      expect((await sealer.open(scope, wrapped)).decrypt(ciphertext, 'value').expose()).toEqual(plaintext);
    }
  });

  it('touches neither other purposes nor other vaults', async () => {
    const keyring = await setup.open();
    const [one, other] = [newId(), newId()];
    for (const id of [one, other]) for (const p of ['keys', 'secrets'] as const) await keyring.source(p).current(id);

    await keyring.rotate(one, 'keys');

    expect((await keyring.source('keys').current(one)).term).toBe(2);
    expect((await keyring.source('secrets').current(one)).term).toBe(1);
    expect((await keyring.source('keys').current(other)).term).toBe(1);
  });

  it('at the same time as others gives each its own term', async () => {
    const keyrings = await Promise.all([setup.open(), setup.open()]);
    const vaultId = newId();

    const terms = await Promise.all(
      keyrings.flatMap((k) => Array.from({ length: 5 }, () => k.rotate(vaultId, 'keys'))),
    );

    expect(terms.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((await rowsOf('keks')).filter(({ state }) => state === 'current')).toHaveLength(1);
  });

  it('is seen by other processes within the age of their memory', async () => {
    const [one, other] = [await setup.open(), await setup.open()];
    const vaultId = newId();
    await other.source('keys').current(vaultId);

    await one.rotate(vaultId, 'keys');
    setup.advance(MINUTE);

    expect((await other.source('keys').current(vaultId)).term).toBe(2);
  });
});

describe('a term that is destroyed', () => {
  it('is gone for good: what it wrapped is unreadable, and its number is not used again', async () => {
    const keyring = await setup.open();
    const sealer = createSealer(keyring.source('keys'));
    const scope = aScope(newId());
    const { wrapped } = await sealer.mint(scope);
    await keyring.rotate(scope.vaultId, 'keys');
    setup.advance(2 * MINUTE);

    await keyring.destroyTerm(scope.vaultId, 'keys', 1);

    await expect(sealer.open(scope, wrapped)).rejects.toMatchObject({ code: 'Internal' });
    expect((await rowsOf('keks')).find(({ term }) => term === 1)).toMatchObject({ state: 'destroyed', wrapped: null });
    expect(await keyring.rotate(scope.vaultId, 'keys')).toBe(3);
  });

  it('cannot be the current one, one just retired, or none', async () => {
    const keyring = await setup.open();
    const vaultId = newId();
    await keyring.source('keys').current(vaultId);
    const destroying = (term: number) => keyring.destroyTerm(vaultId, 'keys', term);

    await expect(destroying(1)).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining('current term') as string,
    });
    await keyring.rotate(vaultId, 'keys');
    setup.advance(2 * MINUTE - 1);
    await expect(destroying(1)).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining('too recently') as string,
    });
    await expect(destroying(3)).rejects.toMatchObject({ code: 'Internal' });
    await expect(destroying(Number.NaN)).rejects.toMatchObject({ code: 'Internal' });
    setup.advance(1);
    await expect(destroying(1)).resolves.toBeUndefined();
    await expect(destroying(1)).resolves.toBeUndefined();
  });
});

describe('a vault that is purged', () => {
  it('leaves nothing that could read its material, of any purpose or term, and other vaults untouched', async () => {
    const keyring = await setup.open();
    const [vaultId, other] = [newId(), newId()];
    const wrapped = [];
    for (const purpose of ['keys', 'secrets', 'identity'] as const) {
      const sealer = createSealer(keyring.source(purpose));
      const scope = aScope(vaultId);
      wrapped.push({ sealer, scope, ...(await sealer.mint(scope)) });
      await keyring.rotate(vaultId, purpose);
    }
    const kept = aScope(other);
    const keptKey = await createSealer(keyring.source('keys')).mint(kept);

    await keyring.destroyVault(vaultId);

    for (const { sealer, scope, wrapped: dek } of wrapped) {
      await expect(sealer.open(scope, dek)).rejects.toMatchObject({ code: 'Internal' });
    }
    expect((await rowsOf('keks')).filter(({ vault_id: id }) => id === vaultId)).toEqual([]);
    await expect(createSealer(keyring.source('keys')).open(kept, keptKey.wrapped)).resolves.toBeDefined();
  });

  it('never gets a KEK again, in no process, and may be purged twice', async () => {
    const keyring = await setup.open();
    const vaultId = newId();
    await keyring.destroyVault(vaultId);
    await keyring.destroyVault(vaultId);

    for (const process of [keyring, await setup.open()]) {
      await expect(process.source('keys').current(vaultId)).rejects.toMatchObject({ code: 'Internal' });
      await expect(process.rotate(vaultId, 'secrets')).rejects.toMatchObject({ code: 'Internal' });
    }
    expect(await rowsOf('keks')).toEqual([]);
  });

  it('keeps no KEK that was being made while it was purged', async () => {
    const [one, other] = await Promise.all([setup.open(), setup.open()]);
    const vaults = Array.from({ length: 10 }, () => newId());

    await Promise.allSettled(vaults.flatMap((id) => [one.source('keys').current(id), other.destroyVault(id)]));

    expect(await rowsOf('keks')).toEqual([]);
  });

  it('is wiped from memory', async () => {
    const keyring = await setup.open();
    const vaultId = newId();
    const { key } = await keyring.source('keys').current(vaultId);
    const bytes = key.expose();

    await keyring.destroyVault(vaultId);

    expect(bytes).toEqual(Buffer.alloc(32));
    expect(() => key.expose()).toThrow();
  });
});
