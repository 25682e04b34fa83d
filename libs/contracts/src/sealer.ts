import type { SecretBytes } from '@coffer/kernel';
import type { EventSealer } from '@coffer/event-sourcing';

/** What a ciphertext is bound to (AAD): moving it to another vault, object or version makes it unreadable. */
export interface MaterialScope {
  readonly vaultId: string;
  readonly kind: 'key' | 'secret' | 'object' | 'identity';
  readonly objectId: string;
  /** 32 hex, or '' for the object's own DEK (kind `object`). */
  readonly version: string;
}

export interface WrappedDataKey {
  /** Term of the vault's KEK that wraps it. */
  readonly term: number;
  readonly wrappedDek: Buffer;
}

/** An unwrapped DEK, usable but not readable. AES-256-GCM; AAD = the scope it was minted for, and `purpose`. */
export interface DataKey {
  readonly wrapped: WrappedDataKey;
  /** Returns nonce (12) ‖ ciphertext ‖ tag (16). */
  encrypt(plaintext: Uint8Array, purpose: string): Buffer;
  /** Throws when bytes, scope or purpose differ from what was encrypted. */
  decrypt(ciphertext: Uint8Array, purpose: string): SecretBytes;
}

/** Envelope encryption under a vault's KEK (architecture §4). */
export interface Sealer {
  mint(scope: MaterialScope): Promise<DataKey>;
  /** Throws ServiceUnavailable when the KEK cannot be reached, Internal when the wrapped DEK was tampered with. */
  open(scope: MaterialScope, wrapped: WrappedDataKey): Promise<DataKey>;
}

/** A vault's KEK of one term. */
export interface VaultKey {
  readonly term: number;
  readonly key: SecretBytes;
}

/**
 * Hands a service the KEKs of its own purpose. Owner: crypto gateway (proto/crypto.proto). Purposes never share a KEK.
 * A KEK is for use at once: its owner wipes it when it leaves the cache.
 */
export interface VaultKeySource {
  current(vaultId: string): Promise<VaultKey>;
  byTerm(vaultId: string, term: number): Promise<VaultKey>;
}

/** Seals the descriptive part of events under an object's DEK. */
export function eventSealer(key: DataKey): EventSealer {
  return {
    seal: (descriptive) => key.encrypt(Buffer.from(JSON.stringify(descriptive), 'utf8'), 'event').toString('base64url'),
    unseal: (ciphertext) => {
      const plain = key.decrypt(Buffer.from(ciphertext, 'base64url'), 'event');
      return JSON.parse(plain.expose().toString('utf8')) as Record<string, unknown>;
    },
  };
}
