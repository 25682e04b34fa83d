import type { SecureVersion } from 'node:tls';

/** Part of the options of `node:https`, `node:tls` and of Fastify's `https`, also for `server.setSecureContext`. */
export interface ServerTlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: SecureVersion;
  readonly ciphers: string;
  readonly ecdhCurve: string;
  readonly honorCipherOrder: boolean;
}

/** Forward secret AEAD suites (RFC 9325, section 4.2), TLS 1.3 first. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** TLS 1.2 and 1.3 alone (RFC 8996 forbids older), for a certificate chain and its key as PEM. */
export function serverTlsOptions(cert: Buffer, key: Buffer): ServerTlsOptions {
  return { cert, key, minVersion: 'TLSv1.2', ciphers, ecdhCurve: 'auto', honorCipherOrder: true };
}
