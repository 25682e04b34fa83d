import { ensureDevelopmentCertificates, type TlsPaths } from '@coffer/tls';
import type { Config } from './config/schema.js';
import type { DataDirectory } from './data-directory.js';

export interface Certificates extends TlsPaths {
  /** What clients must trust; absent for the operator's own certificate. */
  readonly caFile?: string;
}

/** The operator's certificate, or one of the development CA for every name of the domain; none for plain HTTP. */
export async function certificateFiles(config: Config, directory: DataDirectory): Promise<Certificates | undefined> {
  const { domain, tlsCertFile, tlsKeyFile, plainHttp } = config;
  if (plainHttp) return undefined;
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined) {
    return { certificateFile: tlsCertFile, keyFile: tlsKeyFile };
  }
  const hosts = ['login', 'management', 'audit'].map((name) => `${name}.${domain}`);
  return ensureDevelopmentCertificates({
    directory: directory.tls,
    // A wildcard covers one label: *.localhost itself is refused by clients (sdk-contract §3).
    dnsNames: [...new Set(['localhost', domain, ...hosts, `*.vault.${domain}`])],
    ipAddresses: ['127.0.0.1', '::1'],
  });
}
