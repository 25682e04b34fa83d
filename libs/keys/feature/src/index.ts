export * from './application/ports.js';
export * from './application/key-purger.js';
export * from './application/key-notifications.js';
export * from './application/key-scheduler.js';
export * from './http/keys-controller.js';
export * from './postgres/projections.js';
export { readReleaseCertificate } from './postgres/release-signing-key.js';
export * from './migrations.js';
export * from './keys.module.js';
