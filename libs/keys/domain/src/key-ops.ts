import { invalidProperty } from '@coffer/kernel';
import type { KeyType } from './key-spec.js';

/** The only operation of an exchange key (Azure's KEK): keys that are brought are wrapped to it and to nothing else. */
export const EXCHANGE_OP = 'import';

/** What a caller may do with a key by calling an operation of the same name, in the words of `key_ops` (RFC 7517 §4.3). */
export const cryptoOps = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'] as const;
export type CryptoOp = (typeof cryptoOps)[number];

/**
 * What `key_ops` may hold; `export` says that an exportable key may be released, which its policy decides, and `import` that
 * other keys may be brought wrapped to this one.
 */
export type KeyOp = CryptoOp | 'export' | typeof EXCHANGE_OP;

const opsOfType: Readonly<Record<KeyType, readonly CryptoOp[]>> = {
  RSA: cryptoOps,
  EC: ['sign', 'verify'],
  oct: cryptoOps,
};
/** Names that exist, but do not fit every key. */
const OTHER_OPS = [EXCHANGE_OP, 'export'];

/**
 * Checks `key_ops`; absent means everything that fits the type, an empty list means nothing at all. Repeated names
 * count once. `export` is for exportable keys only, `import` for RSA keys that do nothing else. Throws BadParameter for an unknown name or one that the type cannot do.
 */
export function keyOpsOf(kty: KeyType, requested: readonly string[] | undefined, exportable = false): readonly KeyOp[] {
  if (requested === undefined) return opsOfType[kty];
  if (requested.includes(EXCHANGE_OP)) return exchangeOps(kty, requested, exportable);
  const fitting: readonly KeyOp[] = exportable ? [...opsOfType[kty], 'export'] : opsOfType[kty];
  const accepted = new Set<KeyOp>();
  for (const name of requested) {
    const op = fitting.find((known) => known === name);
    if (op === undefined) throw invalidProperty('key_ops', whyNot(name, kty));
    accepted.add(op);
  }
  return [...accepted];
}

function whyNot(name: string, kty: KeyType): string {
  const known = [...cryptoOps, ...OTHER_OPS].find((op) => op === name);
  return known === undefined
    ? `The known operations are ${cryptoOps.join(', ')}.`
    : `Operation ${known} does not fit a key of type ${kty}.`;
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
