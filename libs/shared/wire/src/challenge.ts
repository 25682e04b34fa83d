import { CofferError } from '@coffer/kernel';
import type { PublicHost } from './operation.js';

/**
 * The 401 of a data-plane request without a usable token. One blank after the comma, double quotes, no blanks or commas
 * inside the values: clients split the header by hand (sdk-contract 2.2).
 */
export function challengeError(
  host: PublicHost,
  endpoints: { readonly authority: string; readonly vaultResource: string },
  message = 'AKV10000: Request is missing a Bearer or PoP token.',
): CofferError {
  const challenge =
    host === 'vault'
      ? `Bearer authorization="${endpoints.authority}", resource="${endpoints.vaultResource}"`
      : `Bearer authorization_uri="${endpoints.authority}", error="invalid_token"`;
  const text = host === 'vault' ? message : 'Authentication failed. The token is missing, malformed or not accepted.';
  return new CofferError('Unauthenticated', text, { challenge });
}
