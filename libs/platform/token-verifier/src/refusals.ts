import { CofferError } from '@coffer/kernel';

/** 401 in the words of the data plane (azure-api d.1). What comes from the token is cut and stripped of control characters. */
export const refusals = {
  missing: () => new CofferError('Unauthenticated', 'AKV10000: Request is missing a Bearer or PoP token.'),
  malformed: () =>
    new CofferError('Unauthenticated', 'AKV10001: The token is malformed or its signature is not valid.'),
  expired: () => new CofferError('Unauthenticated', 'AKV10001: The token has expired.'),
  notYetValid: () => new CofferError('Unauthenticated', 'AKV10001: The token is not valid yet.'),
  claim: (name: string) =>
    new CofferError('Unauthenticated', `AKV10001: The claim '${name}' of the token is missing or not valid.`),
  audience: (expected: readonly string[], found: readonly string[]) =>
    new CofferError(
      'Unauthenticated',
      `AKV10022: Invalid audience. Expected ${expected.join(', ')}, found: ${printable(found.join(', '))}.`,
    ),
  issuer: (expected: readonly string[], found: unknown) =>
    new CofferError(
      'Unauthenticated',
      `AKV10032: Invalid issuer. Expected one of ${expected.join(', ')}, found ${printable(found)}.`,
    ),
} as const;

function printable(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200).replace(/[^\x20-\x7e]/g, '?') : 'none';
}
