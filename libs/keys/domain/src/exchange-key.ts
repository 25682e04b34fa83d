import { invalidProperty } from '@coffer/kernel';
import { EXCHANGE_OP, type KeyOp } from './key-ops.js';
import type { KeyOrigin } from './key-origin.js';

export function isExchangeKey(keyOps: readonly KeyOp[]): boolean {
  return keyOps.includes(EXCHANGE_OP);
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
