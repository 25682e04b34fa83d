export { createPkcs11Module, type Pkcs11Options } from './pkcs11-module.js';
export type { ModuleState } from './module-process.js';
