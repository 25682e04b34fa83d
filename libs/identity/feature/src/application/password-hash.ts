import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { CofferError } from '@coffer/kernel';

/** RFC 7914: N = 2^14, r = 8, p = 1 (16 MiB, about 40 ms). The secrets are random, so this only has to be slow, not slower. */
const LOG_N = 14;
const BLOCK = 8;
const PARALLEL = 1;
const LENGTH = 32;

/** `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, base64url. */
const ENCODED = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]+)$/;

/** A new client secret: 256 random bits, base64url; never with a leading `-`, which command lines take for an option. */
export function newClientSecret(): string {
  for (;;) {
    const secret = randomBytes(32).toString('base64url');
    if (!secret.startsWith('-')) return secret;
  }
}

/** The characters of a secret that tell passwords apart (Graph's `hint`). */
export function hintOf(secret: string): string {
  return secret.slice(0, 3);
}

export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(secret, salt, LENGTH, { N: 2 ** LOG_N, r: BLOCK, p: PARALLEL });
  return ['scrypt', LOG_N, BLOCK, PARALLEL, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Takes the cost from `encoded`. Throws Internal when that is not of our form. */
export async function secretMatches(secret: string, encoded: string): Promise<boolean> {
  const [, logN, r, p, salt, hash] = ENCODED.exec(encoded) ?? [];
  if (salt === undefined || hash === undefined) throw new CofferError('Internal', 'a stored password cannot be read');
  const expected = Buffer.from(hash, 'base64url');
  const actual = await derive(secret, Buffer.from(salt, 'base64url'), expected.length, {
    N: 2 ** Number(logN),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(actual, expected);
}

function derive(
  secret: string,
  salt: Buffer,
  length: number,
  cost: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  const maxmem = 256 * cost.N * cost.r;
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, length, { ...cost, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
