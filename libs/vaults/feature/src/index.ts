export * from './application/ports.js';
export { LocalVaultDirectory } from './application/local-directory.js';
export * from './application/directory-owner.js';
export * from './application/remote-directory.js';
export * from './application/vault-purger.js';
export * from './application/vault-purged.js';
export * from './postgres/projections.js';
export * from './migrations.js';
export * from './vaults.module.js';
