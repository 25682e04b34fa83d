/** Words that differ between api-versions (azure-api 0.1, c.1, c.2). */

/** The dated versions before 7.0 spell secp256k1 in their own way. */
function isBefore70(apiVersion: string): boolean {
  return /^201[0-8]-/.test(apiVersion);
}

/** True for `7.<minor>` and later; the dated versions after 2018 are later than every `7.x`. */
function isSince(minor: number, apiVersion: string): boolean {
  const numbered = /^7\.(\d{1,2})/.exec(apiVersion);
  return numbered === null ? !isBefore70(apiVersion) : Number(numbered[1]) >= minor;
}

const OLD_CURVE = 'SECP256K1';
const CURVE = 'P-256K';
const OLD_ALGORITHM = 'ECDSA256';

export function curveFromWire(apiVersion: string, crv: string | undefined): string | undefined {
  return crv === OLD_CURVE && isBefore70(apiVersion) ? CURVE : crv;
}

export function curveToWire(apiVersion: string, crv: string): string {
  return crv === CURVE && isBefore70(apiVersion) ? OLD_CURVE : crv;
}

export function algorithmFromWire(apiVersion: string, alg: string): string {
  return alg === OLD_ALGORITHM && isBefore70(apiVersion) ? 'ES256K' : alg;
}

/** `hsmPlatform` came with 7.5; "0" says the key lives in software. */
export function platformAttribute(apiVersion: string): { readonly hsmPlatform?: string } {
  return isSince(5, apiVersion) ? { hsmPlatform: '0' } : {};
}
