export * from './vault-directory.js';
export * from './sealer.js';
export * from './crypto-provider.js';
export * from './authorizer.js';
export * from './token-verifier.js';
export * from './audit-sink.js';
export * from './lease.js';
export * from './topics.js';
