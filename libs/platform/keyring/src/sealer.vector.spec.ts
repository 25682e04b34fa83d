import { createCipheriv, createDecipheriv } from 'node:crypto';
import { inspect } from 'node:util';
import type { MaterialScope, WrappedDataKey } from '@coffer/contracts';
import fc from 'fast-check';
import { createSealer } from './sealer.js';
import { scope, SpecSource } from './spec-source.spec.js';

const source = new SpecSource();
const sealer = createSealer(source);
const plaintext = Buffer.from('correct horse battery staple');
const internal = { name: 'CofferError', code: 'Internal' };

function flipped(bytes: Buffer, index: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

async function refusalOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('not refused');
}

const otherScopes: [string, MaterialScope][] = [
  ['kind', { ...scope, kind: 'key' }],
  ['objectId', { ...scope, objectId: `${scope.objectId}0` }],
  ['version', { ...scope, version: '' }],
  [
    'border between objectId and version',
    { ...scope, objectId: `${scope.objectId}0`, version: scope.version.slice(1) },
  ],
];

describe('sealed data', () => {
  it('is read back with the same scope and purpose, also when the data key is opened again', async () => {
    const key = await sealer.mint(scope);
    const ciphertext = key.encrypt(plaintext, 'value');
    const opened = await sealer.open(scope, key.wrapped);

    expect(key.decrypt(ciphertext, 'value').expose()).toEqual(plaintext);
    expect(opened.decrypt(ciphertext, 'value').expose()).toEqual(plaintext);
    expect(opened.wrapped).toEqual(key.wrapped);
  });

  it('may be anything, also nothing', async () => {
    const key = await sealer.mint(scope);
    const { wrapped } = key;

    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.string(), async (bytes, purpose) => {
        const ciphertext = key.encrypt(bytes, purpose);
        expect(ciphertext).toHaveLength(bytes.length + 28);
        expect((await sealer.open(scope, wrapped)).decrypt(ciphertext, purpose).expose()).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('never looks the same twice', async () => {
    const key = await sealer.mint(scope);
    const all = Array.from({ length: 100 }, () => key.encrypt(plaintext, 'value').toString('hex'));

    expect(new Set(all).size).toBe(100);
    expect(new Set(all.map((hex) => hex.slice(0, 24))).size).toBe(100);
  });

  it('is refused when any byte of nonce, ciphertext or tag was changed', async () => {
    const key = await sealer.mint(scope);
    const ciphertext = key.encrypt(plaintext, 'value');

    for (const i of ciphertext.keys()) {
      expect(await refusalOf(() => key.decrypt(flipped(ciphertext, i), 'value'))).toMatchObject(internal);
    }
  });

  it('is refused when it is cut short or longer', async () => {
    const key = await sealer.mint(scope);
    const ciphertext = key.encrypt(plaintext, 'value');

    for (let length = 0; length < ciphertext.length; length += 1) {
      expect(await refusalOf(() => key.decrypt(ciphertext.subarray(0, length), 'value'))).toMatchObject(internal);
    }
    const longer = Buffer.concat([ciphertext, Buffer.alloc(1)]);
    expect(await refusalOf(() => key.decrypt(longer, 'value'))).toMatchObject(internal);
  });

  it('is refused under another purpose', async () => {
    const key = await sealer.mint(scope);
    const ciphertext = key.encrypt(plaintext, 'value');

    for (const purpose of ['', 'Value', 'value ', 'event']) {
      expect(await refusalOf(() => key.decrypt(ciphertext, purpose))).toMatchObject(internal);
    }
  });

  it('of one data key is refused by another of the same scope', async () => {
    const ciphertext = (await sealer.mint(scope)).encrypt(plaintext, 'value');
    const other = await sealer.mint(scope);

    expect(await refusalOf(() => other.decrypt(ciphertext, 'value'))).toMatchObject(internal);
  });
});

describe('a wrapped data key', () => {
  it('is refused when any byte of it was changed', async () => {
    const { wrapped } = await sealer.mint(scope);

    for (const i of wrapped.wrappedDek.keys()) {
      const changed = { ...wrapped, wrappedDek: flipped(wrapped.wrappedDek, i) };
      expect(await refusalOf(() => sealer.open(scope, changed))).toMatchObject(internal);
    }
    const cut = { ...wrapped, wrappedDek: wrapped.wrappedDek.subarray(0, 20) };
    expect(await refusalOf(() => sealer.open(scope, cut))).toMatchObject(internal);
  });

  it.each(otherScopes)('is refused with another %s', async (_, other) => {
    const { wrapped } = await sealer.mint(scope);

    expect(await refusalOf(() => sealer.open(other, wrapped))).toMatchObject(internal);
  });

  it('is refused in another vault, even if that had the same KEK', async () => {
    const sameKek = createSealer(new SpecSource(() => Buffer.alloc(32, 9)));
    const { wrapped } = await sameKek.mint(scope);

    expect(await refusalOf(() => sealer.open({ ...scope, vaultId: 'v2' }, wrapped))).toMatchObject(internal);
    expect(await refusalOf(() => sameKek.open({ ...scope, vaultId: 'v2' }, wrapped))).toMatchObject(internal);
  });

  it('is refused under another term, even if that had the same KEK', async () => {
    const sameKeks = new SpecSource(() => Buffer.alloc(32, 9));
    const same = createSealer(sameKeks);
    const { wrapped } = await same.mint(scope);
    sameKeks.rotate(scope.vaultId);

    expect(await refusalOf(() => same.open(scope, { ...wrapped, term: 2 }))).toMatchObject(internal);
    expect(await refusalOf(() => same.open(scope, { ...wrapped, term: 3 }))).toMatchObject(internal);
  });
});

describe('after a rotation', () => {
  it('older data keys open, new ones take the new term, and re-wrapping keeps the data readable', async () => {
    const rotated = { ...scope, vaultId: 'rotated' };
    const old = await sealer.mint(rotated);
    const ciphertext = old.encrypt(plaintext, 'value');
    source.rotate('rotated');

    const rewrapped = await sealer.rewrap(rotated, old.wrapped);

    expect((await sealer.mint(rotated)).wrapped.term).toBe(2);
    expect((await sealer.open(rotated, old.wrapped)).decrypt(ciphertext, 'value').expose()).toEqual(plaintext);
    expect(rewrapped.term).toBe(2);
    expect((await sealer.open(rotated, rewrapped)).decrypt(ciphertext, 'value').expose()).toEqual(plaintext);
    expect(await sealer.rewrap(rotated, rewrapped)).toBe(rewrapped);
  });

  it('a data key that was tampered with is not re-wrapped', async () => {
    const rotated = { ...scope, vaultId: 'rotated-2' };
    const { wrapped } = await sealer.mint(rotated);
    source.rotate('rotated-2');
    const changed: WrappedDataKey = { ...wrapped, wrappedDek: flipped(wrapped.wrappedDek, 30) };

    expect(await refusalOf(() => sealer.rewrap(rotated, changed))).toMatchObject(internal);
  });
});

describe('what is visible of a data key', () => {
  it('is neither the key nor the KEK', async () => {
    const fixed = createSealer(new SpecSource(() => Buffer.from('KEK0KEK0KEK0KEK0KEK0KEK0KEK0KEK0')));
    const key = await fixed.mint(scope);
    const plain = key.decrypt(key.encrypt(plaintext, 'value'), 'value');
    const seen = inspect({ key, plain }, { depth: 10, showHidden: true }) + JSON.stringify({ key, plain });

    expect(seen).not.toContain('KEK0');
    expect(seen).not.toContain(Buffer.from('KEK0KEK0').toString('base64'));
    expect(seen).not.toContain('correct horse');
    expect(Object.keys(key).sort()).toEqual(['decrypt', 'encrypt', 'wrapped']);
  });
});

/** The stored format, spelled out independently: data written today must open for ever. */
describe('the stored format', () => {
  const kek = Buffer.alloc(32, 1);
  const dek = Buffer.alloc(32, 2);
  const field = (text: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text, 'latin1')]);
  };
  const { vaultId, kind, objectId, version } = scope;
  const aad = (label: string, last: string) =>
    Buffer.concat([label, vaultId, kind, objectId, version, last].map(field));
  const dekAad = aad('coffer/dek/1', '1');
  const dataAad = aad('coffer/data/1', 'value');
  const sealed = (key: Buffer, bytes: Buffer, data: Buffer) => {
    const nonce = Buffer.alloc(12, 3);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(data);
    return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  };
  const fixed = createSealer(new SpecSource(() => Buffer.from(kek)));

  it('opens: AES-256-GCM, nonce ‖ ciphertext ‖ tag, length-prefixed AAD', async () => {
    const key = await fixed.open(scope, { term: 1, wrappedDek: sealed(kek, dek, dekAad) });

    expect(key.decrypt(sealed(dek, plaintext, dataAad), 'value').expose()).toEqual(plaintext);
  });

  it('is what is written', async () => {
    const written = (await fixed.open(scope, { term: 1, wrappedDek: sealed(kek, dek, dekAad) })).encrypt(
      plaintext,
      'value',
    );
    const decipher = createDecipheriv('aes-256-gcm', dek, written.subarray(0, 12)).setAAD(dataAad);
    decipher.setAuthTag(written.subarray(-16));

    expect(Buffer.concat([decipher.update(written.subarray(12, -16)), decipher.final()])).toEqual(plaintext);
  });
});
