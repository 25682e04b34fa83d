export * from './key.js';
export * from './key.decide.js';
export * from './key-spec.js';
export * from './key-usage.js';
export * from './key-errors.js';
export * from './key-release.js';
export * from './release-policy.js';
export * from './release-recipient.js';
