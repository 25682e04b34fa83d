export * from './attestation-verifier.js';
export { isSafeUrl, type AttestationAuthority } from './authority-keys.js';
export * from './create-token-verifier.js';
export { MAX_TOKEN_LENGTH, type JwksSource, type TokenVerifierOptions, type TrustedIssuer } from './options.js';
