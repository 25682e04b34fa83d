import { objectUri, type VaultRequestContext } from '@coffer/wire';
import type { ReleasedKey, ReleaseTarget } from '../application/key-release.js';
import { toKeyBundle } from './key-mapper.js';

type Json = Record<string, unknown>;

/**
 * What the answer of release is a signature of, member by member as Azure's: the request, and the key's bundle with the
 * wrapped key in `key_hsm`, which is base64url of the JSON that a transfer of keys has (azure-api c.2, BYOK).
 */
export function toReleasePayload(
  { view, wrapped, recipient }: ReleasedKey,
  { nonce, enc }: ReleaseTarget,
  context: Pick<VaultRequestContext, 'baseUrl' | 'vault' | 'apiVersion'>,
): Json {
  const { key, ...bundle } = toKeyBundle(view, context);
  const blob = {
    schema_version: '1.0.0',
    header: { ...(recipient.kid === undefined ? {} : { kid: recipient.kid }), alg: 'dir', enc },
    ciphertext: wrapped.toString('base64url'),
    generator: 'Coffer',
  };
  return {
    request: {
      'api-version': context.apiVersion,
      enc,
      kid: objectUri(context.baseUrl, 'keys', view.name, view.version),
      ...(nonce === undefined ? {} : { nonce }),
    },
    response: {
      key: { ...bundle, key: { ...(key as Json), key_hsm: Buffer.from(JSON.stringify(blob)).toString('base64url') } },
    },
  };
}
