import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { experimental } from '@grpc/grpc-js';

/** A service's certificate between services (mTLS), as files; replaced files are used without a restart. */
export interface ServiceCertificateFiles {
  /** CA that every service's certificate comes from (PEM). */
  readonly caFile: string;
  /** Its DNS name is the service's name (PEM). */
  readonly certificateFile: string;
  readonly keyFile: string;
}

export type Certificates = experimental.CertificateProvider;

export interface WatchCertificatesOptions {
  /** How often the files are read, milliseconds; default 2,000. */
  readonly intervalMilliseconds?: number;
  /** Told of new files that cannot be used, each time they are read; the old ones stay in use. */
  readonly onError?: (error: unknown) => void;
}

interface Loaded {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

const REFRESH_MS = 2_000;

/**
 * Reads the files again and again; connections that stand stay, new ones use the new certificate. Throws when the files
 * cannot be used at first; later ones that cannot, such as half of a replaced pair, are left alone until they can.
 */
export function watchCertificates(
  files: ServiceCertificateFiles,
  options: WatchCertificatesOptions = {},
): Certificates {
  return new WatchedCertificates(files, options);
}

/** The library's own watcher gives up the certificate in use as soon as the files are not whole. */
class WatchedCertificates implements experimental.CertificateProvider {
  readonly #ca = new Set<experimental.CaCertificateUpdateListener>();
  readonly #identity = new Set<experimental.IdentityCertificateUpdateListener>();
  #current: Loaded;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly files: ServiceCertificateFiles,
    private readonly options: WatchCertificatesOptions,
  ) {
    const [ca, certificate, key] = paths(files).map((file) => readFileSync(file));
    this.#current = usable(files, ca, certificate, key);
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#ca.add(listener);
    this.#watch();
    process.nextTick(listener, { caCertificate: this.#current.ca });
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#ca.delete(listener);
    this.#watch();
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identity.add(listener);
    this.#watch();
    process.nextTick(listener, { certificate: this.#current.certificate, privateKey: this.#current.key });
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identity.delete(listener);
    this.#watch();
  }

  /** Reads as long as somebody listens. */
  #watch(): void {
    if (this.#ca.size + this.#identity.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(() => {
      this.#reload().catch((error: unknown) => this.options.onError?.(error));
    }, this.options.intervalMilliseconds ?? REFRESH_MS).unref();
  }

  async #reload(): Promise<void> {
    const [ca, certificate, key] = await Promise.all(paths(this.files).map((file) => readFile(file)));
    const known = this.#current;
    if (ca?.equals(known.ca) && certificate?.equals(known.certificate) && key?.equals(known.key)) return;
    const next = (this.#current = usable(this.files, ca, certificate, key));
    for (const listener of this.#ca) listener({ caCertificate: next.ca });
    for (const listener of this.#identity) listener({ certificate: next.certificate, privateKey: next.key });
  }
}

function paths({ caFile, certificateFile, keyFile }: ServiceCertificateFiles): readonly string[] {
  return [caFile, certificateFile, keyFile];
}

/** Throws, naming the files, when OpenSSL refuses them or the key is another certificate's. */
function usable(files: ServiceCertificateFiles, ca?: Buffer, certificate?: Buffer, key?: Buffer): Loaded {
  if (ca === undefined || certificate === undefined || key === undefined) throw new Error('a file is missing');
  try {
    createSecureContext({ ca, cert: certificate, key });
  } catch (cause) {
    throw new Error(`Cannot use ${paths(files).join(', ')} between services.`, { cause });
  }
  return { ca, certificate, key };
}
