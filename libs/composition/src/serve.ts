import 'reflect-metadata';
import type { Clock } from '@coffer/kernel';
import type { Authorizer, TokenVerifier, VaultDirectory } from '@coffer/contracts';
import {
  createHttpServer,
  endEventStreams,
  listen,
  nestLogger,
  type HttpPorts,
  type Listener,
  type Logger,
  type OnlyClient,
  type RawHandler,
} from '@coffer/nest';
import { TlsSource, type TlsPaths } from '@coffer/tls';
import type { Hosts } from '@coffer/wire';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Config } from './config/schema.js';
import type { Closing } from './closing.js';
import type { ComposedService } from './services/context.js';

@Module({})
class RootModule {}

/** Builds the Nest container of the services; its life-cycle hooks start what consumes the feed. */
export async function buildContainer(
  services: readonly ComposedService[],
  log: Logger,
): Promise<INestApplicationContext> {
  const root = { module: RootModule, imports: services.flatMap((service) => [...service.modules]) };
  return NestFactory.createApplicationContext(root, { logger: nestLogger(log), abortOnError: false });
}

export interface ServeOptions {
  readonly config: Config;
  readonly services: readonly ComposedService[];
  readonly container: INestApplicationContext;
  readonly hosts: Hosts;
  readonly tokens: TokenVerifier;
  readonly authorizer: Authorizer;
  readonly directory?: VaultDirectory;
  readonly login?: RawHandler;
  readonly authority: string;
  readonly tenantId: string;
  /** Absent for plain HTTP. */
  readonly tls: TlsPaths | undefined;
  /** The one client that is served, whose word on its own clients is taken: the edge. */
  readonly onlyClient?: OnlyClient;
  /** Told of every answered request. */
  readonly answered?: NonNullable<HttpPorts['answered']>;
  /** Makes traces of requests. */
  readonly trace?: NonNullable<HttpPorts['trace']>;
  /** Further conditions of readiness. */
  readonly alsoReady?: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly closing: Closing;
}

/** Running requests get this long to finish when the process is asked to stop. */
const GRACE_MS = 10_000;

/** Mounts the surfaces of the services and listens. */
export async function serve(options: ServeOptions): Promise<Listener> {
  const { config, services, log, closing } = options;
  const [first] = services;
  if (first === undefined) throw new Error('nothing to serve');
  let draining = false;
  const server = createHttpServer({
    ...options,
    surfaces: services.flatMap((service) => service.surfaces(options.container)),
    strayAudit: { service: first.core.name, sink: first.core.audit },
    region: config.region,
    log: {
      fault: (err, { requestId, operation }) => {
        log.error({ err, requestId, operation }, 'a request failed by our fault');
      },
    },
    ready: async () => {
      if (draining) throw new Error('draining');
      await Promise.all([options.alsoReady?.(), ...services.map((service) => service.ready())]);
    },
    behindEdge: options.onlyClient !== undefined,
  });
  const source = options.tls === undefined ? undefined : await TlsSource.open(options.tls);
  const listener = await listen(server, {
    hosts: options.hosts,
    addresses: config.listen,
    port: config.port,
    ...(source === undefined ? {} : { tls: source.options }),
    ...(options.onlyClient === undefined ? {} : { onlyClient: options.onlyClient }),
  });
  closing.add(async () => {
    draining = true;
    endEventStreams();
    await listener.close(GRACE_MS);
  });
  if (source !== undefined) watchCertificate(source, listener, log, closing);
  return listener;
}

/** A renewed certificate is used without a restart: when its files change, and at once on SIGHUP. */
function watchCertificate(source: TlsSource, listener: Listener, log: Logger, closing: Closing): void {
  const report = (err: unknown) => {
    log.error({ err }, 'the new certificate cannot be used; the old one stays');
  };
  const unwatch = source.watch(
    (material) => {
      listener.useTls(material);
      log.info({ fingerprint: source.fingerprint }, 'a new certificate is in use');
    },
    { onError: report },
  );
  const reload = () => {
    source.reload().catch(report);
  };
  process.on('SIGHUP', reload);
  closing.add(() => {
    unwatch();
    process.off('SIGHUP', reload);
    return Promise.resolve();
  });
}
