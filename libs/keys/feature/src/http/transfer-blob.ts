import { TextDecoder } from 'node:util';
import type { TransferableType } from '@coffer/contracts';
import { invalidProperty } from '@coffer/kernel';
import { curveOf, type ExchangeKeyName } from '@coffer/keys-domain';
import { z } from 'zod';
import type { Transfer } from '../application/key-transfer.js';
import { decodeBase64url } from './crypto-body.js';

const MEMBER = 'key.key_hsm';
/** Characters; a blob with an RSA key of 4096 bits takes half of it. */
export const MAX_BLOB_LENGTH = 16_384;

/** Azure's key transfer blob, version 1.0.0; other members (`generator`) are for people. */
const blobSchema = z.object({
  schema_version: z.literal('1.0.0'),
  header: z.object({ kid: z.string().max(512), alg: z.literal('dir'), enc: z.literal('CKM_RSA_AES_KEY_WRAP') }),
  ciphertext: z.string(),
});

const KEY_PATH = /^\/keys\/([0-9a-zA-Z-]{1,127})\/([0-9a-fA-F]{32})$/;

/**
 * What `key_hsm` holds: base64url of the blob's JSON. `baseUrl` is the vault's, `crv` as the caller says. Throws BadParameter
 * for anything else, and for a key type that cannot be brought so.
 */
export function transferOf(
  key: { readonly kty: string; readonly key_hsm: string },
  crv: string | undefined,
  baseUrl: string,
): Transfer {
  const kty = typeOf(key.kty);
  const blob = blobSchema.safeParse(json(decodeBase64url(MEMBER, key.key_hsm)));
  if (!blob.success) {
    const member = blob.error.issues[0]?.path.join('.') ?? '';
    throw malformed(member === '' ? '' : ` Its member ${member} is missing or not as it should be.`);
  }
  const { header, ciphertext } = blob.data;
  return {
    kty,
    crv: crv === undefined || kty === 'RSA' ? undefined : curveOf(crv),
    wrappedBy: exchangeKeyOf(header.kid, baseUrl),
    wrapped: decodeBase64url(`${MEMBER} (ciphertext)`, ciphertext),
  };
}

function typeOf(kty: string): TransferableType {
  if (kty === 'RSA' || kty === 'EC') return kty;
  throw invalidProperty('key.kty', 'The type of a key in a key transfer blob must be RSA or EC.');
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw malformed();
  }
}

/** Another vault's key may have the same name: the whole identifier counts. */
function exchangeKeyOf(kid: string, baseUrl: string): ExchangeKeyName {
  const url = URL.canParse(kid) ? new URL(kid) : undefined;
  const [, name, version] = KEY_PATH.exec(url?.pathname ?? '') ?? [];
  const isPlain = url?.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!isPlain || name === undefined || version === undefined) {
    throw malformed(' Its header.kid does not name a version of a key.');
  }
  if (url.origin !== new URL(baseUrl).origin) {
    throw invalidProperty(MEMBER, 'The key was wrapped to a key of another vault.');
  }
  return { name, version: version.toLowerCase() };
}

function malformed(why = '') {
  return invalidProperty(MEMBER, `The value is not a key transfer blob of version 1.0.0.${why}`);
}
