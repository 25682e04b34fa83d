import { createPublicKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CofferError, type Clock } from '@coffer/kernel';
import type { JWK } from 'jose';
import { withoutTrailingSlash } from './claims.js';
import type { IssuerKeySet, JwksSource } from './options.js';

/** An attestation service whose tokens are believed. */
export interface AttestationAuthority {
  /** Its issuer: an https URL, or http on this machine. */
  readonly authority: string;
  /** File of its JWKS, where its metadata cannot be reached. */
  readonly jwksFile?: string | undefined;
}

/** Keys are asked for again after so long, withdrawn ones then count no more. */
const MAX_AGE_MS = 10 * 60_000;
/** After a failure the authority is left in peace for so long. */
const FAILURE_PAUSE_MS = 2_000;
const FETCH_TIMEOUT_MS = 5_000;
/** RFC 7518 §3.3. */
const MIN_RSA_BITS = 2048;
const MAX_DOCUMENT_BYTES = 1024 * 1024;

/**
 * The signing keys of an authority, by OpenID Connect Discovery 1.0 §4 or out of a file. Its answers are held to its own
 * issuer and to URLs that are safe to ask; they are kept for ten minutes. The source throws ServiceUnavailable.
 */
export function authorityKeys({ authority, jwksFile }: AttestationAuthority, clock: Clock): JwksSource {
  const load = jwksFile === undefined ? () => discover(authority) : () => readKeys(jwksFile);
  let known: { readonly set: IssuerKeySet; readonly until: number } | undefined;
  let loading: Promise<IssuerKeySet> | undefined;
  let pauseUntil = Number.NEGATIVE_INFINITY;
  const loadNow = async () => {
    try {
      const set = withPublicKeys(await load());
      known = { set, until: clock.monotonic() + MAX_AGE_MS };
      return set;
    } catch (cause) {
      pauseUntil = clock.monotonic() + FAILURE_PAUSE_MS;
      throw unavailable(cause);
    } finally {
      loading = undefined;
    }
  };
  return ({ refresh }) => {
    if (!refresh && known !== undefined && clock.monotonic() < known.until) return Promise.resolve(known.set);
    if (loading === undefined && clock.monotonic() < pauseUntil) return Promise.reject(unavailable());
    return (loading ??= loadNow());
  };
}

/** True for what may be asked over the network: https, or http that does not leave this machine. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));
}

async function discover(authority: string): Promise<unknown> {
  const issuer = withoutTrailingSlash(authority);
  const metadata = await fetchJson(`${issuer}/.well-known/openid-configuration`);
  const { issuer: said, jwks_uri: keys } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof said !== 'string' || withoutTrailingSlash(said) !== issuer) throw new Error('metadata of another issuer');
  if (typeof keys !== 'string') throw new Error('metadata without jwks_uri');
  return fetchJson(keys);
}

async function fetchJson(url: string): Promise<unknown> {
  if (!isSafeUrl(url)) throw new Error('a URL that is not asked');
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    headers: { accept: 'application/json' },
  });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_DOCUMENT_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new Error(`the answer is ${response.status}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

async function readKeys(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

/**
 * Those of the keys that can verify anything; what is not understood, or not whole, is passed over (RFC 7517 §5). Microsoft
 * Azure Attestation publishes its keys as certificates alone (`x5c`): their numbers are added. Throws when there are keys,
 * and none is of use.
 */
function withPublicKeys(document: unknown): IssuerKeySet {
  const all = (document as Readonly<Record<string, unknown>> | null)?.['keys'];
  if (!Array.isArray(all)) throw new Error('no JWKS');
  const keys: JWK[] = [];
  const unusable = new Set<string>();
  for (const each of all as readonly unknown[]) {
    const key = usable(each);
    const kid = (each as Readonly<Record<string, unknown>> | null)?.['kid'];
    if (key !== undefined) keys.push(key);
    else if (typeof kid === 'string') unusable.add(kid);
  }
  if (all.length > 0 && keys.length === 0) throw new Error('no key of the JWKS is of use');
  return { keys, unusable };
}

function usable(key: unknown): JWK | undefined {
  try {
    const whole = withNumbers(key as JWK);
    const { modulusLength = MIN_RSA_BITS } = createPublicKey({ key: whole, format: 'jwk' }).asymmetricKeyDetails ?? {};
    return modulusLength < MIN_RSA_BITS ? undefined : whole;
  } catch {
    return undefined;
  }
}

function withNumbers(key: JWK): JWK {
  const certificate = key.x5c?.[0];
  if (key.kty !== 'RSA' || key.n !== undefined || certificate === undefined) return key;
  const { n, e } = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey.export({ format: 'jwk' });
  return n === undefined || e === undefined ? key : { ...key, n, e };
}

function unavailable(cause?: unknown): CofferError {
  const text = 'The signing keys of the attestation authority cannot be read.';
  return new CofferError('ServiceUnavailable', text, { retryAfterSeconds: 2 }, { cause });
}
