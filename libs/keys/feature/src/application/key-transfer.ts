import type { CryptoProvider, NewKey, TransferableType } from '@coffer/contracts';
import { invalidProperty, toUnixSeconds } from '@coffer/kernel';
import { assertUsable, EXCHANGE_OP, keyNotFound, type Custody, type ExchangeKeyName } from '@coffer/keys-domain';
import { nameKey } from '@coffer/wire';
import type { KeyCache } from './key-cache.js';

/** A private key that was wrapped to an exchange key of the same vault. */
export interface Transfer {
  readonly kty: TransferableType;
  /** As the caller says; absent: whatever the key has. */
  readonly crv: string | undefined;
  readonly wrappedBy: ExchangeKeyName;
  /** RSA-OAEP of an AES key ‖ AES-KWP of PKCS#8. */
  readonly wrapped: Uint8Array;
}

export class KeyTransfer {
  constructor(
    private readonly cache: KeyCache,
    private readonly provider: CryptoProvider,
  ) {}

  /**
   * Opens a transfer at `now`, milliseconds since the epoch; the caller destroys the key. Throws KeyNotFound, KeyDisabled,
   * KeyNotYetValid, KeyExpired, KeyOperationForbidden about the exchange key, BadParameter about what was wrapped, Throttled.
   */
  async open(
    vaultId: string,
    { kty, crv, wrappedBy, wrapped }: Transfer,
    custody: Custody,
    now: number,
  ): Promise<NewKey> {
    const { name, version } = wrappedBy;
    const made = await this.cache.use({ vaultId, nameKey: nameKey(name), version }, (key) => {
      assertUsable(key, EXCHANGE_OP, toUnixSeconds(now));
      return this.provider.importWrapped(key.handle, wrapped, kty, custody);
    });
    if (made === undefined) throw keyNotFound(name, version);
    if (crv !== undefined && made.public.kty === 'EC' && made.public.crv !== crv) {
      made.privateKey.destroy();
      throw invalidProperty('key.crv', 'The key that was brought is not on this curve.');
    }
    return made;
  }
}
