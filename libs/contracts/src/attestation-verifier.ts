/** What an attestation service says of an environment, verified. For a decision at once: never logged, never stored. */
export interface Attestation {
  /** The configured authority that issued the token. */
  readonly authority: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Verifies the tokens by which environments ask for keys: signature, issuer, times. */
export interface AttestationVerifier {
  /**
   * Throws ReleaseRefused for whatever is no valid token of a configured authority, with a text that tells no claim;
   * ServiceUnavailable when the authority's keys cannot be had.
   */
  verify(token: string): Promise<Attestation>;
}
