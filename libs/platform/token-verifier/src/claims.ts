import type { Principal } from '@coffer/wire';
import type { JWTPayload } from 'jose';
import type { TrustedIssuer } from './options.js';
import { refusals } from './refusals.js';

/** What is kept of a verified token. Times are milliseconds since the epoch. */
export interface VerifiedToken {
  readonly principal: Principal;
  readonly audiences: readonly string[];
  readonly expires: number;
  readonly notBefore: number;
}

/** Reads the claims of a token whose signature and issuer have been checked. Throws Unauthenticated. */
export function readClaims(payload: JWTPayload, issuer: TrustedIssuer): VerifiedToken {
  if (payload.exp === undefined) throw refusals.claim('exp');
  return {
    principal: toPrincipal(payload, issuer),
    audiences: [payload.aud ?? []].flat().map(withoutTrailingSlash),
    expires: payload.exp * 1000,
    notBefore: (payload.nbf ?? 0) * 1000,
  };
}

/** Azure accepts a resource with and without its trailing slash. */
export function withoutTrailingSlash(audience: string): string {
  let end = audience.length;
  while (end > 0 && audience[end - 1] === '/') end -= 1;
  return audience.slice(0, end);
}

function toPrincipal(payload: JWTPayload, issuer: TrustedIssuer): Principal {
  const oid = text(payload, 'oid') ?? text(payload, 'sub');
  if (oid === undefined) throw refusals.claim('oid');
  const tid = text(payload, 'tid');
  if (tid !== undefined && tid.toLowerCase() !== issuer.tenantId.toLowerCase()) throw refusals.claim('tid');
  const appid = text(payload, 'appid') ?? text(payload, 'azp');
  return {
    oid,
    ...(appid === undefined ? {} : { appid }),
    tid: issuer.tenantId,
    groups: texts(payload['groups']),
    issuer: issuer.issuer,
    onBehalfOf: appid !== undefined && isUserToken(payload),
  };
}

/** Entra marks tokens of applications with idtyp `app`; delegated ones have scopes in `scp`. */
function isUserToken(payload: JWTPayload): boolean {
  const idtyp = text(payload, 'idtyp');
  return idtyp === undefined ? text(payload, 'scp') !== undefined : idtyp === 'user';
}

/** Absent is `undefined`; present but no proper string is a refusal. */
function text(payload: JWTPayload, name: string): string | undefined {
  const value = payload[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > 256) throw refusals.claim(name);
  return value;
}

function texts(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw refusals.claim('groups');
  return value;
}
