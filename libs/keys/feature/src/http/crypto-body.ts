import { CofferError, defined, invalidProperty } from '@coffer/kernel';
import type { DecipherParameters } from '@coffer/contracts';
import type { CryptoInput } from '../application/key-crypto.js';

const ALGORITHM = /^[0-9A-Za-z_-]{1,40}$/;
/** Algorithms that take `iv`, `aad` and `tag`. */
const AES_CIPHER = /^A\d{3}(GCM|CBC)/;
const BASE64URL = /^[0-9A-Za-z_-]*={0,2}$/;

/**
 * Body of a cryptographic operation, checked by hand because it is on the hot path: `{alg, value}`, `digest` for
 * verify, and `iv`, `aad`, `tag` where an AES algorithm has a use for them. Other members are ignored, `null` counts as
 * absent. Throws BadParameter that names the member.
 */
export function parseCryptoBody(body: unknown, withDigest: boolean): CryptoInput {
  if (body === undefined) throw new CofferError('BadParameter', 'The request body is missing or empty.');
  if (!isRecord(body)) throw invalidProperty('request body', 'The body must be a JSON object.');
  const alg = body['alg'];
  if (typeof alg !== 'string' || !ALGORITHM.test(alg)) {
    throw invalidProperty('alg', 'The name of an algorithm is required.');
  }
  const value = decodeBase64url('value', body['value']);
  if (withDigest) return { alg, value, digest: decodeBase64url('digest', body['digest']) };
  return AES_CIPHER.test(alg) ? { alg, value, ...cipherParameters(body) } : { alg, value };
}

function cipherParameters(body: Readonly<Record<string, unknown>>): DecipherParameters {
  const optional = (member: string) => {
    const text = body[member] ?? undefined;
    return text === undefined ? undefined : decodeBase64url(member, text);
  };
  return defined({ iv: optional('iv'), aad: optional('aad'), tag: optional('tag') });
}

function isRecord(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

/** RFC 4648 §5; padding is tolerated where it completes a group of four. Throws BadParameter that names the member. */
export function decodeBase64url(member: string, text: unknown): Buffer {
  if (typeof text !== 'string') throw invalidProperty(member, 'A base64url string is required.');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const wellFormed = BASE64URL.test(text) && digits % 4 !== 1 && (padding === 0 || text.length % 4 === 0);
  if (!wellFormed) throw invalidProperty(member, 'The value is not base64url (RFC 4648 section 5).');
  return Buffer.from(text, 'base64url');
}
