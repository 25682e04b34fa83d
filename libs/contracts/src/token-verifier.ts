import type { Principal } from '@coffer/wire';

/** Which audience a token must name. */
export type TokenAudience = 'vault' | 'management' | 'audit' | 'graph';

/** Verifies access tokens locally: issuer, audience, exp, nbf, skew, algorithm allow-list. */
export interface TokenVerifier {
  /** Throws Unauthenticated with Azure's AKV text; ServiceUnavailable when the issuer's keys cannot be had. */
  verify(token: string, audience: TokenAudience): Promise<Principal>;
}
