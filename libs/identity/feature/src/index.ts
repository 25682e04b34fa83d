export * from './application/ports.js';
export * from './application/administration.js';
export { newClientSecret } from './application/password-hash.js';
export * from './http/principals-controller.js';
export * from './postgres/principal-projection.js';
export * from './migrations.js';
export * from './identity.module.js';
export { authorities } from './oidc/issuer.js';
