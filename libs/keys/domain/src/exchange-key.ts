import { invalidProperty } from '@coffer/kernel';
import type { KeyOp, KeyType } from './key-spec.js';
import type { KeyOrigin } from './key.js';

/** The only operation of an exchange key (Azure's KEK): keys that are brought are wrapped to it and to nothing else. */
export const EXCHANGE_OP = 'import';

/** Names the exchange key version that an imported key was wrapped to. */
export interface ExchangeKeyName {
  readonly name: string;
  readonly version: string;
}

export function isExchangeKey(keyOps: readonly KeyOp[]): boolean {
  return keyOps.includes(EXCHANGE_OP);
}

/** `key_ops` of an exchange key. Throws BadParameter: it is RSA, does nothing else and never leaves. */
export function exchangeOps(kty: KeyType, requested: readonly string[], exportable: boolean): readonly KeyOp[] {
  if (kty !== 'RSA') throw invalidProperty('key_ops', `Operation import does not fit a key of type ${kty}.`);
  if (requested.some((op) => op !== EXCHANGE_OP)) {
    throw invalidProperty('key_ops', 'Operation import must be the only operation of a key.');
  }
  if (exportable) throw invalidProperty('key_ops', 'Operation import does not fit a key that is exportable.');
  return [EXCHANGE_OP];
}

/** Throws BadParameter for an exchange key that comes from outside: whoever brings it could open what is wrapped to it. */
export function assertMadeHere(keyOps: readonly KeyOp[], origin: KeyOrigin | undefined): void {
  if (origin === 'imported' && isExchangeKey(keyOps)) {
    throw invalidProperty('key_ops', 'Operation import is for keys that were made in this vault.');
  }
}

/**
 * Throws BadParameter for a change that makes an exchange key of another, or another of it. What was wrapped to a key that
 * could ever decrypt may be known to who could call it.
 */
export function assertSamePurpose(before: readonly KeyOp[], after: readonly KeyOp[]): void {
  if (isExchangeKey(before) !== isExchangeKey(after)) {
    throw invalidProperty('key_ops', 'Operation import can neither be given to an existing key nor be taken from it.');
  }
}
