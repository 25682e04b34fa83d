import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { LeaseCall, VaultChange, VaultDirectoryOwner } from '@coffer/contracts';
import type { OwnerLog } from '@coffer/event-sourcing';
import {
  ownerLogBinding,
  Peer,
  startGrpcServer,
  watchCertificates,
  type Certificates,
  type GrpcServer,
  type GrpcServerOptions,
  type PeerOptions,
  type Refusal,
} from '@coffer/grpc';
import { ensureServiceCertificates } from '@coffer/tls';
import { freePort } from '../support/coffer.js';
import { clockIn, temporaryDirectory } from '../support/tls.js';

export const services = ['vault-management', 'crypto-gateway', 'identity'];
/** Of the certificate that ended some weeks ago. */
export const EXPIRED = 'expired';

/** A log that answers nothing but what a test says. */
export function fakeLog(answers: Partial<OwnerLog> = {}): OwnerLog {
  return { readVault: () => Promise.resolve([]), heads: () => Promise.resolve([]), ...answers };
}

/** A directory without vaults. */
export function directoryOwner(lease: (call: LeaseCall<VaultChange>) => Promise<void>): VaultDirectoryOwner {
  const none = () => Promise.resolve(undefined);
  return { byName: none, byId: none, lease };
}

export interface StartedServer extends GrpcServer {
  readonly port: number;
  readonly refusals: Refusal[];
  /** What went to the log as an error. */
  readonly faults: unknown[];
}

/** An installation's service certificates, and servers and callers that use them; `close` ends all of them. */
export class GrpcSetup {
  readonly #opened: (() => void | Promise<void>)[] = [];

  private constructor(readonly directory: string) {}

  static async make(): Promise<GrpcSetup> {
    const { directory, remove } = await temporaryDirectory();
    const setup = new GrpcSetup(directory);
    setup.#opened.push(remove);
    // Made long ago, so that one of them has ended; the present ones come from the same CA.
    const old = await ensureServiceCertificates({ directory, services, clock: clockIn(-450) });
    const ended = old.services['crypto-gateway'];
    if (ended === undefined) throw new Error('no certificate was made');
    await copyFile(ended.certificateFile, path.join(directory, `${EXPIRED}.pem`));
    await copyFile(ended.keyFile, path.join(directory, `${EXPIRED}.key`));
    await ensureServiceCertificates({ directory, services });
    return setup;
  }

  certificatesOf(service: string, directory = this.directory): Certificates {
    return watchCertificates(
      {
        caFile: path.join(this.directory, 'service-ca.pem'),
        certificateFile: path.join(directory, `${service}.pem`),
        keyFile: path.join(directory, `${service}.key`),
      },
      { intervalMilliseconds: 50 },
    );
  }

  /** Vault management's log by default, for the crypto gateway. */
  async serve(options: Partial<GrpcServerOptions> & { readonly log?: OwnerLog } = {}): Promise<StartedServer> {
    const refusals: Refusal[] = [];
    const faults: unknown[] = [];
    const silent = () => undefined;
    const port = options.port ?? (await freePort());
    const server = await startGrpcServer({
      address: '127.0.0.1',
      certificates: this.certificatesOf('vault-management'),
      bindings: [ownerLogBinding(options.log ?? fakeLog(), ['crypto-gateway'])],
      logger: { log: silent, warn: silent, error: (fault: unknown) => faults.push(fault) },
      onRefused: (refusal) => {
        refusals.push(refusal);
      },
      graceMilliseconds: 2_000,
      ...options,
      port,
    });
    let closed: Promise<void> | undefined;
    const close = () => (closed ??= server.close());
    this.#opened.push(close);
    return { ...server, close, port, refusals, faults };
  }

  /** Vault management as the crypto gateway calls it, by default. */
  peer(ports: readonly number[], options: Partial<PeerOptions> & { readonly caller?: string } = {}): Peer {
    const { caller = 'crypto-gateway', ...rest } = options;
    const peer = new Peer({
      service: 'vault-management',
      endpoints: ports.map((port) => `127.0.0.1:${port}`),
      certificates: this.certificatesOf(caller),
      ...rest,
    });
    this.onClose(() => {
      peer.close();
    });
    return peer;
  }

  onClose(close: () => void | Promise<void>): void {
    this.#opened.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#opened.reverse()) await close();
  }
}

/** Asks until the answer is what is waited for, or the test ends. */
export async function until<T>(ask: () => Promise<T> | T, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
