/** The RSA key of an attested environment, base64url members without padding; which sizes will do is the provider's to say. */
export interface Recipient {
  readonly n: string;
  readonly e: string;
  /** As the environment calls it. */
  readonly kid?: string;
}

const BASE64URL = /^[0-9A-Za-z_-]{1,1400}$/;
const KID = /^[ -~]{1,256}$/;

/**
 * The key that a released key is to be wrapped to: the first RSA key for encryption in the claim `x-ms-runtime.keys`, a
 * list of JWKs (azure-api c.2). `undefined` when there is none.
 */
export function recipientOf(claims: Readonly<Record<string, unknown>>): Recipient | undefined {
  const keys = memberOf(claims['x-ms-runtime'], 'keys');
  if (!Array.isArray(keys)) return undefined;
  for (const key of keys) {
    const recipient = toRecipient(key);
    if (recipient !== undefined) return recipient;
  }
  return undefined;
}

function toRecipient(key: unknown): Recipient | undefined {
  const [n, e, kid] = [memberOf(key, 'n'), memberOf(key, 'e'), memberOf(key, 'kid')];
  if (memberOf(key, 'kty') !== 'RSA' || !isForEncryption(memberOf(key, 'use'), memberOf(key, 'key_ops')))
    return undefined;
  if (typeof n !== 'string' || typeof e !== 'string' || !BASE64URL.test(n) || !BASE64URL.test(e)) return undefined;
  return { n, e, ...(typeof kid === 'string' && KID.test(kid) ? { kid } : {}) };
}

/** RFC 7517 §4.2 and §4.3: a key that says what it is for must say that it is for this. */
function isForEncryption(use: unknown, ops: unknown): boolean {
  if (use !== undefined && use !== 'enc') return false;
  if (ops === undefined) return use === 'enc';
  return Array.isArray(ops) && ops.some((op) => op === 'encrypt' || op === 'wrapKey');
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
