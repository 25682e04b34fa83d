import { experimental } from '@grpc/grpc-js';

/** A service's certificate between services (mTLS), as files; replaced files are used without a restart. */
export interface ServiceCertificateFiles {
  /** CA that every service's certificate comes from (PEM). */
  readonly caFile: string;
  /** Its DNS name is the service's name (PEM). */
  readonly certificateFile: string;
  readonly keyFile: string;
}

export type Certificates = experimental.CertificateProvider;

const REFRESH_MS = 2_000;

/** Reads the files again and again; connections that stand stay, new ones use the new certificate. */
export function watchCertificates({ caFile, certificateFile, keyFile }: ServiceCertificateFiles): Certificates {
  return new experimental.FileWatcherCertificateProvider({
    caCertificateFile: caFile,
    certificateFile,
    privateKeyFile: keyFile,
    refreshIntervalMs: REFRESH_MS,
  });
}
