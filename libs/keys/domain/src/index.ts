export * from './key.js';
export * from './key.decide.js';
export * from './key-spec.js';
export * from './key-usage.js';
export * from './exchange-key.js';
export * from './key-errors.js';
export * from './key-release.js';
export * from './release-policy.js';
export * from './release-recipient.js';
export * from './iso-duration.js';
export * from './rotation-policy.js';
export * from './key-timers.js';
export * from './restore.decide.js';
export {
  isRotationDue,
  specOfVersion,
  type NotifyExpiry,
  type RotateKey,
  type SetRotationPolicy,
} from './rotation.decide.js';
export * from './key-ops.js';
export * from './key-origin.js';
