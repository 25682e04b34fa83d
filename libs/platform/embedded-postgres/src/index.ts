export { packagedBinaries, type BinaryPackage } from './binaries.js';
export { defaultDataDirectory } from './default-directory.js';
export { EmbeddedPostgresError, type EmbeddedPostgresReason } from './errors.js';
export { syncDirectory } from './files.js';
export { machine, type HostPort } from './host.js';
export { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './start.js';
