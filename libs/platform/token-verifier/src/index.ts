export * from './create-token-verifier.js';
export { MAX_TOKEN_LENGTH, type JwksSource, type TokenVerifierOptions, type TrustedIssuer } from './options.js';
