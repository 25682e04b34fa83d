import type { DataKey, Sealer } from '@coffer/contracts';
import { SecretBytes } from '@coffer/kernel';
import { keyOperations, type VaultSnapshot } from '@coffer/wire';
import { sealBackup, type BackedUpVersion } from './backup-blob.js';

const VERSIONS = 500;
/** JSON writes each of these in six characters. */
const longest = (length: number) => '\u0001'.repeat(length);
const base64url = (bytes: number) => Buffer.alloc(bytes, 0xff).toString('base64url');

/** What no version of a key is larger than. */
const largest: BackedUpVersion = {
  version: 'f'.repeat(32),
  public: { kty: 'RSA', n: base64url(512), e: 'AQAB' },
  keyOps: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey', 'export'],
  enabled: false,
  nbf: 253_402_300_799,
  exp: 253_402_300_799,
  created: 253_402_300_799,
  updated: 253_402_300_799,
  tags: Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`${i.toString(15)}${longest(255)}`, longest(256)])),
  origin: 'imported',
  wrappedBy: { name: 'k'.repeat(127), version: 'f'.repeat(32) },
  exportable: true,
  releasePolicy: { contentType: `application/json;${' '.repeat(239)}`, data: base64url(16 * 1024), immutable: true },
};

it('the largest key that can be backed up is one that can be restored', async () => {
  // As AES-GCM does: as long as it was, and 28 bytes.
  const dek = {
    wrapped: { term: 1, wrappedDek: Buffer.alloc(60) },
    encrypt: (bytes: Buffer) => Buffer.alloc(bytes.length + 28),
  };
  const sealer = { mint: () => Promise.resolve(dek as unknown as DataKey) } as unknown as Sealer;
  const vault = { resourceId: '/subscriptions/s', location: 'local' } as VaultSnapshot;
  const privateKeys = Array.from({ length: VERSIONS }, () => SecretBytes.copyOf(Buffer.alloc(2_400)));
  const versions = Array.from({ length: VERSIONS }, () => largest);
  const blob = await sealBackup(sealer, vault, { name: 'k'.repeat(127), versions, privateKeys });
  const body = JSON.stringify({ value: blob.toString('base64url') });
  expect(body.length).toBeGreaterThan(40_000_000);
  expect(body.length).toBeLessThan(keyOperations.KeyRestore.bodyLimit ?? 0);
});
