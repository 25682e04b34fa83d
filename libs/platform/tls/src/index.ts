export {
  ensureDevelopmentCertificates,
  type DevelopmentCertificatesOptions,
  type TlsFiles,
} from './development-certificates.js';
export { TlsError, type TlsReason } from './errors.js';
export type { TlsPaths } from './key-pair.js';
export { serverTlsOptions, type ServerTlsOptions } from './tls-options.js';
export { TlsSource, type WatchOptions } from './tls-source.js';
export { organisation as serviceOrganisation } from './organisation.js';
export {
  ensureServiceCertificates,
  type ServiceCertificates,
  type ServiceCertificatesOptions,
} from './service-certificates.js';
