export * from './application/ports.js';
export * from './application/secret-purger.js';
export * from './http/secrets-controller.js';
export * from './postgres/projections.js';
export * from './migrations.js';
export * from './secrets.module.js';
