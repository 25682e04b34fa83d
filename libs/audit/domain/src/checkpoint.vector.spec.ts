import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { openCheckpoint, parseVerifierKey, signCheckpoint, verifierKey } from './checkpoint.js';
import { entryBundle, entryBytes, parseBundle, parseEntry, recordHash } from './entry.js';
import { bundlesOf, parseTilePath, tilePath, tilesOf } from './tiles.js';

/** The key pair of the documentation of golang.org/x/mod/sumdb/note. */
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETER_NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

describe('a signed note', () => {
  it('of the Go implementation has a signature that is good here', () => {
    // The text is no checkpoint: that is noticed after the signature was found good.
    expect(() => openCheckpoint(PETER_NOTE, parseVerifierKey(PETER))).toThrow('the note is no checkpoint');
    expect(() => openCheckpoint(PETER_NOTE.replace('answer', 'Answer'), parseVerifierKey(PETER))).toThrow(
      'no good signature',
    );
    expect(verifierKey(parseVerifierKey(PETER))).toBe(PETER);
  });

  it('is refused with another key, another name, or a changed size', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const signer = {
      name: 'audit.example',
      key: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    };
    const verifier = parseVerifierKey(verifierKey(signer));
    const note = signCheckpoint({ origin: 'audit.example', size: 7, root: Buffer.alloc(32, 1) }, signer);
    expect(openCheckpoint(note, verifier)).toEqual({ origin: 'audit.example', size: 7, root: Buffer.alloc(32, 1) });
    expect(() => openCheckpoint(note.replace('\n7\n', '\n8\n'), verifier)).toThrow('no good signature');
    expect(() => openCheckpoint(note, { ...verifier, name: 'other' })).toThrow('no good signature');
    const other = parseVerifierKey(verifierKey({ name: signer.name, key: generateKeyPairSync('ed25519').privateKey }));
    expect(() => openCheckpoint(note, other)).toThrow('no good signature');
    expect(() => parseVerifierKey(verifierKey(signer).replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toThrow(
      'not a verifier key',
    );
  });
});

describe('tiles', () => {
  it.each([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 1, index: 1234067, width: 256 }, 'tile/1/x001/x234/067'],
    [{ level: 0, index: 999, width: 1 }, 'tile/0/999.p/1'],
    [{ level: 'entries', index: 1000, width: 255 }, 'tile/entries/x001/000.p/255'],
  ] as const)('%p is at %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  it.each([
    'tile/0/0',
    'tile/0/x000/000',
    'tile/0/000.p/256',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/00/000',
    'tile/x/000',
    'tile/0/../000',
  ])('%s is none', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('of a tree are those that its size needs', () => {
    expect(
      tilesOf(70_000)
        .map(tilePath)
        .filter((path) => !path.startsWith('tile/0/')),
    ).toEqual(['tile/1/000', 'tile/1/001.p/17', 'tile/2/000.p/1']);
    expect(tilesOf(70_000).filter(({ level }) => level === 0)).toHaveLength(274);
    expect(bundlesOf(257).map(tilePath)).toEqual(['tile/entries/000', 'tile/entries/001.p/1']);
    expect(tilesOf(0)).toEqual([]);
  });
});

describe('entries', () => {
  it('have one spelling, and come back from a bundle', () => {
    const entries = [
      { index: 0, recordHash: recordHash('{}') },
      { index: 1, recordHash: recordHash('x'), vaultId: 'v', vaultIndex: 0 },
    ];
    const bundle = entryBundle(entries.map(entryBytes));
    expect(parseBundle(bundle).map(parseEntry)).toEqual(entries);
    expect(() => parseBundle(bundle.subarray(0, -1))).toThrow('cut off');
    expect(() => parseEntry(Buffer.from(`{"recordHash":"${recordHash('')}","index":0}`))).toThrow('not an entry');
  });
});
