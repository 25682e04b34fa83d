export { KeyringError, type KeyringReason } from './errors.js';
export { Keyring, type KeyringOptions } from './keyring.js';
export { keyringMigrations } from './migrations.js';
export type { Purpose } from './postgres/keks.js';
export { fileRootKey } from './root-key/file-root-key.js';
export { passphraseRootKey } from './root-key/passphrase-root-key.js';
export type { RootKey, RootKeyParameters, RootKeyProvider } from './root-key/root-key.js';
export { createSealer, type RewrappingSealer } from './sealer.js';
