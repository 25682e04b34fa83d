export * from './application/ports.js';
export * from './application/policy-log.js';
export * from './application/administration.js';
export * from './application/local-authorizer.js';
export * from './http/authorization-controller.js';
export * from './postgres/projections.js';
export * from './migrations.js';
export * from './access.module.js';
