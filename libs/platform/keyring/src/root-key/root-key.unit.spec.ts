import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { SecretBytes } from '@coffer/kernel';
import { fileRootKey } from './file-root-key.js';
import { passphraseRootKey } from './passphrase-root-key.js';

const AAD = Buffer.from('aad');
const kek = Buffer.alloc(32, 7);
let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'coffer-root-key-'));
  file = path.join(directory, 'root.key');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a root key in a file', () => {
  it('is made as 32 random bytes that only the owner can read', async () => {
    await fileRootKey(file).create();

    const { mode, size } = await stat(file);
    expect([mode & 0o777, size]).toEqual([0o600, 32]);
    expect(new Set(await readFile(file)).size).toBeGreaterThan(10);
    expect(await readdir(directory)).toEqual(['root.key']);
  });

  it('is made with the directories it needs, which are private', async () => {
    const deep = path.join(directory, 'a', 'b', 'root.key');

    await fileRootKey(deep).create();

    expect((await stat(path.dirname(deep))).mode & 0o777).toBe(0o700);
  });

  it('unwraps at the next start what it wrapped', async () => {
    const { rootKey, parameters } = await fileRootKey(file).create();
    const wrapped = await rootKey.wrap(kek, AAD);

    const again = await fileRootKey(file).open(parameters);

    expect((await again.unwrap(wrapped, AAD)).expose()).toEqual(kek);
  });

  it('is one key when many make it at the same time', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => fileRootKey(file).create()));
    const wrapped = await made[0]?.rootKey.wrap(kek, AAD);

    for (const { rootKey } of made) expect((await rootKey.unwrap(wrapped ?? kek, AAD)).expose()).toEqual(kek);
    expect(await readdir(directory)).toEqual(['root.key']);
  });

  it('that the operator has put in place is used', async () => {
    await writeFile(file, Buffer.alloc(32, 1), { mode: 0o400 });
    await fileRootKey(file).create();

    expect(await readFile(file)).toEqual(Buffer.alloc(32, 1));
  });

  it('may be reached by a symbolic link', async () => {
    await writeFile(path.join(directory, 'real'), Buffer.alloc(32, 1), { mode: 0o600 });
    await symlink(path.join(directory, 'real'), file);

    await expect(fileRootKey(file).open({})).resolves.toBeDefined();
  });

  it('that is missing is never made anew for a database that needs the old one', async () => {
    const opening = fileRootKey(file).open({});

    await expect(opening).rejects.toMatchObject({
      reason: 'root-key-missing',
      message: expect.stringContaining(file) as string,
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([0o640, 0o604, 0o660, 0o644, 0o610, 0o601])(
    'of mode %o is refused with the command that repairs it',
    async (mode) => {
      await writeFile(file, Buffer.alloc(32, 1));
      await chmod(file, mode);
      const refusal = {
        reason: 'root-key-not-private',
        message: expect.stringContaining(`chmod 600 ${file}`) as string,
      };

      await expect(fileRootKey(file).open({})).rejects.toMatchObject(refusal);
      await expect(fileRootKey(file).create()).rejects.toMatchObject(refusal);
    },
  );

  it.each([0, 31, 33, 64])('of %d bytes is refused, and left as it is', async (size) => {
    await writeFile(file, '', { mode: 0o600 });
    await truncate(file, size);

    await expect(fileRootKey(file).open({})).rejects.toMatchObject({ reason: 'root-key-malformed' });
    await expect(fileRootKey(file).create()).rejects.toMatchObject({ reason: 'root-key-malformed' });
    expect((await stat(file)).size).toBe(size);
  });

  it('is refused where there is a directory, or no place for it', async () => {
    await mkdir(file);
    await writeFile(path.join(directory, 'plain'), '');

    await expect(fileRootKey(file).create()).rejects.toMatchObject({ reason: 'root-key-malformed' });
    const nowhere = fileRootKey(path.join(directory, 'plain', 'root.key')).create();
    await expect(nowhere).rejects.toMatchObject({ reason: 'root-key-unreadable' });
  });

  it('refuses what was wrapped with other AAD, changed, or wrapped by another root key', async () => {
    const { rootKey } = await fileRootKey(file).create();
    const { rootKey: other } = await fileRootKey(`${file}-2`).create();
    const wrapped = await rootKey.wrap(kek, AAD);
    const changed = Buffer.from(wrapped);
    changed[20] = (changed[20] ?? 0) ^ 1;

    await expect(rootKey.unwrap(wrapped, Buffer.from('aae'))).rejects.toMatchObject({ code: 'Internal' });
    await expect(rootKey.unwrap(changed, AAD)).rejects.toMatchObject({ code: 'Internal' });
    await expect(rootKey.unwrap(Buffer.alloc(0), AAD)).rejects.toMatchObject({ code: 'Internal' });
    await expect(other.unwrap(wrapped, AAD)).rejects.toMatchObject({ code: 'Internal' });
  });

  it('does not show', async () => {
    await writeFile(file, 'ROOTROOTROOTROOTROOTROOTROOTROOT', { mode: 0o600 });
    const rootKey = await fileRootKey(file).open({});

    expect(inspect(rootKey, { depth: 10, showHidden: true })).not.toContain('ROOT');
  });
});

describe('a root key from a passphrase', () => {
  const passphrase = (text = 'correct horse battery') => passphraseRootKey(SecretBytes.fromUtf8(text));

  it('is the same key at the next start, by the stored salt', async () => {
    const { rootKey, parameters } = await passphrase().create();
    const wrapped = await rootKey.wrap(kek, AAD);

    const again = await passphrase().open(JSON.parse(JSON.stringify(parameters)) as typeof parameters);

    expect(parameters).toMatchObject({ kdf: 'scrypt', N: 131072, r: 8, p: 1 });
    expect((await again.unwrap(wrapped, AAD)).expose()).toEqual(kek);
  });

  it('is another key with another salt or another passphrase', async () => {
    const { rootKey, parameters } = await passphrase().create();
    const wrapped = await rootKey.wrap(kek, AAD);
    const second = await passphrase().create();
    const typo = await passphrase('correct horse batterz').open(parameters);

    expect(second.parameters['salt']).not.toBe(parameters['salt']);
    await expect(second.rootKey.unwrap(wrapped, AAD)).rejects.toMatchObject({ code: 'Internal' });
    await expect(typo.unwrap(wrapped, AAD)).rejects.toMatchObject({ code: 'Internal' });
  });

  it('is refused for a passphrase that is too short, which is not repeated', async () => {
    const error: unknown = await passphrase('hunter2')
      .create()
      .catch((e: unknown) => e);

    expect(error).toMatchObject({ reason: 'passphrase-too-short' });
    expect((error as Error).message).not.toContain('hunter2');
  });

  it.each<Record<string, string | number>>([
    {},
    { kdf: 'pbkdf2' },
    { N: 2 ** 24 },
    { N: -1 },
    { N: 1.5 },
    { N: 131073 },
    { r: 1e9 },
    { p: 1000 },
    { salt: 7 },
  ])('is refused for stored parameters with %j', async (change) => {
    const stored = { kdf: 'scrypt', N: 131072, r: 8, p: 1, salt: 'AAAAAAAAAAAAAAAAAAAAAA' };
    const parameters = Object.keys(change).length === 0 ? {} : { ...stored, ...change };

    await expect(passphrase().open(parameters)).rejects.toMatchObject({ reason: 'root-key-malformed' });
  });
});
