import { randomBytes } from 'node:crypto';
import type { MaterialScope, VaultKey, VaultKeySource } from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';

/** KEKs made by hand. */
export class SpecSource implements VaultKeySource {
  readonly #keys = new Map<string, VaultKey[]>();

  constructor(private readonly keyBytes: () => Buffer = () => randomBytes(32)) {}

  current(vaultId: string): Promise<VaultKey> {
    return this.byTerm(vaultId, this.termsOf(vaultId).length);
  }

  byTerm(vaultId: string, term: number): Promise<VaultKey> {
    const key = this.termsOf(vaultId)[term - 1];
    return key === undefined ? Promise.reject(new CofferError('Internal', 'no such KEK')) : Promise.resolve(key);
  }

  rotate(vaultId: string): void {
    const terms = this.termsOf(vaultId);
    terms.push({ term: terms.length + 1, key: SecretBytes.own(this.keyBytes()) });
  }

  termsOf(vaultId: string): VaultKey[] {
    const terms = this.#keys.get(vaultId) ?? [{ term: 1, key: SecretBytes.own(this.keyBytes()) }];
    this.#keys.set(vaultId, terms);
    return terms;
  }
}

export const scope: MaterialScope = {
  vaultId: 'aaaaaaaa-0000-4000-8000-000000000001',
  kind: 'secret',
  objectId: 'bbbbbbbb-0000-4000-8000-000000000002',
  version: '0123456789abcdef0123456789abcdef',
};
