import { invalidProperty } from '@coffer/kernel';
import { custodyOf } from '@coffer/keys-domain';
import { isBefore70, isSince } from '@coffer/wire';

/** Words that differ between api-versions (azure-api 0.1, c.1, c.2). */

/** Versions before 7.0 spell secp256k1 in their own way. */
const OLD_CURVE = 'SECP256K1';
const CURVE = 'P-256K';
const OLD_ALGORITHM = 'ECDSA256';

export function curveFromWire(apiVersion: string, crv: string | undefined): string | undefined {
  return crv === OLD_CURVE && isBefore70(apiVersion) ? CURVE : crv;
}

export function curveToWire(apiVersion: string, crv: string): string {
  return crv === CURVE && isBefore70(apiVersion) ? OLD_CURVE : crv;
}

/** Throws BadParameter for an algorithm that came later: the members it needs are unknown to callers of this version. */
export function algorithmFromWire(apiVersion: string, alg: string): string {
  if (!knowsAlgorithm(apiVersion, alg)) {
    throw invalidProperty('alg', `Algorithm ${alg} does not exist in api-version ${apiVersion}.`);
  }
  return alg === OLD_ALGORITHM && isBefore70(apiVersion) ? 'ES256K' : alg;
}

/** AES came with 7.2; HMAC and the wraps with PKCS#11's names after the preview of 7.6. */
function knowsAlgorithm(apiVersion: string, alg: string): boolean {
  if (/^A\d{3}(GCM|CBC|CBCPAD|KW)$/.test(alg)) return isSince(2, apiVersion);
  return !/^(HS\d{3}|CKM_AES_KEY_WRAP(_PAD)?)$/.test(alg) || hasHmac(apiVersion);
}

function hasHmac(apiVersion: string): boolean {
  return isSince(6, apiVersion) && !apiVersion.startsWith('7.6-preview');
}

/** What an oct key may do by default: nothing that its creator's version has no algorithm for. `undefined`: everything. */
export function defaultKeyOps(apiVersion: string, kty: string): readonly string[] | undefined {
  return custodyOf(kty).kty === 'oct' && !hasHmac(apiVersion)
    ? ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']
    : undefined;
}

/** `hsmPlatform` came with 7.5; "0" says the key lives in software, "1" in a hardware security module. */
export function platformAttribute(apiVersion: string, hsm: boolean | undefined): { readonly hsmPlatform?: string } {
  return isSince(5, apiVersion) ? { hsmPlatform: hsm === true ? '1' : '0' } : {};
}
