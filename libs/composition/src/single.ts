import { readFile } from 'node:fs/promises';
import { startGrpcServer, type CallObserver } from '@coffer/grpc';
import { topicsOf } from '@coffer/contracts';
import { CofferError, systemClock } from '@coffer/kernel';
import { checkTopics } from '@coffer/messaging-kafka';
import { nestLogger } from '@coffer/nest';
import { Metrics } from '@coffer/observability';
import { Hosts } from '@coffer/wire';
import { certificateFiles } from './certificates.js';
import { ConfigError } from './config/load.js';
import { openDataDirectory } from './data-directory.js';
import { databaseConnection } from './database-password.js';
import { configuredUrl } from './databases.js';
import type { ServiceName } from './service-names.js';
import { dev } from './dev.js';
import { Pressure } from './pressure.js';
import type { ProgramContext } from './run.js';
import { kafkaConnection, openCertificates, openFeed, Peers, separateSettings } from './separate/context.js';
import { firstStep } from './separate/first-step.js';
import { keepTrying } from './separate/keep-trying.js';
import { auditRefusal } from './separate/refused-call.js';
import { wiring, type Wired, type WiringContext } from './separate/wiring.js';
import { buildContainer, serve } from './serve.js';
import { openTracing, startTelemetry } from './telemetry.js';
import { tokenVerifier } from './token-verifier.js';

/** A proof is promised within two seconds: so long, at most, records give way to requests. */
const AUDIT_WAIT_MS = 1_000;
/** Name in the certificate of the edge. */
const EDGE = 'edge';

/**
 * One service in a process of its own, on a database that other instances may share: events go through Kafka, calls through
 * gRPC over mTLS. Starts whether the others are there or not; what needs one of them waits for it.
 */
export async function startSingle(name: ServiceName, context: ProgramContext): Promise<void> {
  const { config, log, closing, stop } = context;
  const url = configuredUrl(config, name);
  if (url === undefined) throw new ConfigError([`The database URL of ${name} is not set.`]);
  const settings = separateSettings(config);
  const directory = await openDataDirectory(config.dataDir, fixedInstallation(config));
  const hosts = new Hosts({ domain: config.domain, port: config.publicPort ?? config.port });
  const { tenantId } = directory.installation;
  const certificates = openCertificates(settings, log);
  const metrics = new Metrics(name);
  const tracing = await openTracing({ config, name, closing });
  const feed = await openFeed(name, context, settings, { ...metrics.feed, ...tracing?.feed });
  closing.add(() => feed.close());
  const observer: CallObserver = { called: metrics.called, ...tracing?.calls };
  const peers = new Peers(config, certificates, observer);
  closing.add(() => {
    peers.close();
    return Promise.resolve();
  });
  const pressure = new Pressure(AUDIT_WAIT_MS);
  closing.add(() => {
    pressure.close();
    return Promise.resolve();
  });
  const held: WiringContext['held'] = new Map();
  const wired = await wiring[name]({
    config,
    connection: await databaseConnection(url, config.databasePasswordFile),
    hosts,
    tenantId,
    feed,
    clock: systemClock,
    log,
    onLost: stop,
    sharedLeaseMs: config.leaseMilliseconds,
    auditMayWait: pressure.mayWait,
    rootKeyFile: config.rootKeyFile ?? directory.rootKeyFile,
    auditKeyFile: config.auditKeyFile ?? directory.auditKeyFile,
    peers,
    closing,
    held,
  });
  const { service } = wired;
  closing.add(() => service.close());
  const container = await buildContainer([service], log);
  closing.add(() => container.close());
  const grpc = await startGrpcServer({
    address: config.grpcListen,
    port: config.grpcPort,
    certificates,
    bindings: wired.bindings(container),
    ready: () => service.ready(),
    logger: nestLogger(log),
    observer,
    onRefused: auditRefusal({ name, audit: service.core.audit, clock: systemClock, region: config.region, log }),
  });
  closing.add(() => grpc.close());
  await service.core.relay.start();
  closing.add(() => service.core.relay.stop());

  let prepared = false;
  const first = keepTrying(
    'the first start',
    async () => {
      await checkTopics(await kafkaConnection(name, config, settings), topicsOf(name));
      await firstStep(name, { config, service, container, hosts, tenantId });
      prepared = true;
    },
    log,
    closing,
  );
  keepTrying('following the events of others', () => service.startConsumers(container), log, closing);
  const alsoReady = () =>
    prepared
      ? Promise.resolve()
      : Promise.reject(new CofferError('ServiceUnavailable', `${name} waits for its first start.`));
  const ready = async () => {
    await Promise.all([service.ready(), alsoReady()]);
  };
  await startTelemetry(metrics, { config, name, services: [service], held, ready, closing });
  await serve({
    config,
    services: [service],
    container,
    hosts,
    ...publicPorts(wired, container),
    tokens: tokenVerifier(config, hosts, wired.issuers(container)),
    authority: config.authority ?? `${hosts.url('login')}/adfs`,
    tenantId,
    tls: config.behindEdge ? settings : await certificateFiles(config, directory),
    ...(config.behindEdge ? { onlyClient: { ca: await readFile(settings.caFile), name: EDGE } } : {}),
    alsoReady,
    answered: metrics.answered,
    ...(tracing === undefined ? {} : { trace: tracing.request }),
    clock: systemClock,
    log,
    closing,
  });
  await first.done;
  grpc.setServing(true);
  process.stdout.write(`Coffer is ready: ${name} on port ${config.port}\n`);
}

function publicPorts({ authorizer, directory, login }: Wired, container: Parameters<Wired['authorizer']>[0]) {
  return {
    authorizer: authorizer(container),
    ...(directory === undefined ? {} : { directory: directory(container) }),
    ...(login === undefined ? {} : { login: login(container) }),
  };
}

function fixedInstallation({ dev: isDev, tenantId }: ProgramContext['config']) {
  if (isDev) return dev.installation;
  return tenantId === undefined ? {} : { tenantId };
}
