import { CofferError } from '@coffer/kernel';

/** Kinds of use, as the refusals name them. */
export type Use = 'signing' | 'encryption' | 'key wrapping';

export function unknownAlgorithm(use: Use, alg: string): CofferError {
  return new CofferError('BadParameter', `Algorithm '${alg.slice(0, 64)}' is not supported for ${use}.`);
}

/** `needs`: what the algorithm asks of a key, such as `type 'RSA'`. */
export function incompatibleKey(use: Use, alg: string, needs: string, kty: string): CofferError {
  return new CofferError(
    'BadParameter',
    `Key and ${use} algorithm are incompatible. Algorithm '${alg}' can only be used with a key of ${needs}; this key is of type '${kty}'.`,
  );
}

/** `rule`: what would be right, such as `exactly 32 bytes`. */
export function wrongLength(property: string, length: number, alg: string, rule: string): CofferError {
  return new CofferError(
    'BadParameter',
    `Invalid length of '${property}': ${length} bytes. '${alg}' requires ${rule}, encoded with base64url.`,
  );
}

/** A parameter that the algorithm does not take, or not from the caller. */
export function superfluous(property: string, alg: string): CofferError {
  return new CofferError('BadParameter', `Property '${property}' cannot be given with '${alg}'.`);
}

/** The one answer to every ciphertext that does not decrypt: why it does not would be a padding oracle. */
export function notDecryptable(): CofferError {
  return new CofferError('BadParameter', 'The parameter is incorrect.');
}
