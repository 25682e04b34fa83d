import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '@coffer/kernel';
import type { KafkaTlsFiles } from '@coffer/messaging-kafka';
import { replaceFile } from '../data-directory.js';
import type { ServiceName } from '../service-names.js';
import { edgeConfiguration, edgeUpstreams, type EdgeUpstream } from './edge.js';
import type { Deployment, DeploymentOptions } from './init.js';
import {
  BROKER,
  BROKER_ADMIN,
  brokerClient,
  brokerSecurity,
  containerCertificates,
  writeBrokerStores,
} from './kafka.js';

/** Where a container finds its own part of the deployment. */
const OWN = '/run/coffer';
const HTTP_PORT = 8443;
const GRPC_PORT = 9443;
const INTERNAL_PORT = 9090;
const KAFKA_PORT = 9092;
const KAFKA_CONTROLLER_PORT = 9093;
/** Where the image apache/kafka looks for its configuration. */
const KAFKA_OWN = '/mnt/shared/config';
const PASSWORD_BYTES = 24;

const databaseSettings: Readonly<Record<ServiceName, string>> = {
  'vault-management': 'COFFER_DATABASE_URL_VAULT_MANAGEMENT',
  'crypto-gateway': 'COFFER_DATABASE_URL_CRYPTO_GATEWAY',
  'policy-engine': 'COFFER_DATABASE_URL_POLICY_ENGINE',
  'audit-log': 'COFFER_DATABASE_URL_AUDIT_LOG',
  identity: 'COFFER_DATABASE_URL_IDENTITY',
};

export interface ContainerDatabase {
  readonly role: string;
  readonly database: string;
  readonly password: string;
}

/**
 * Writes each container's part of a deployment into a directory of its own: settings, certificate, database password; for
 * the edge and the broker their configuration. Nobody gets another one's.
 */
export async function writeContainerFiles(
  { domain, publicPort, dev }: DeploymentOptions,
  deployment: Deployment,
  directory: string,
): Promise<void> {
  for (const service of edgeUpstreams) {
    const own = path.join(directory, service);
    await copyCertificates(deployment, service, own);
    const role = roleOf(service);
    await keepPassword(path.join(own, 'database-password'));
    const settings = {
      COFFER_DOMAIN: domain,
      COFFER_PORT: String(HTTP_PORT),
      COFFER_PUBLIC_PORT: String(publicPort),
      COFFER_GRPC_PORT: String(GRPC_PORT),
      COFFER_INTERNAL_PORT: String(INTERNAL_PORT),
      COFFER_BEHIND_EDGE: 'true',
      COFFER_SERVICE_CA_FILE: `${OWN}/service-ca.pem`,
      COFFER_SERVICE_CERT_FILE: `${OWN}/service.pem`,
      COFFER_SERVICE_KEY_FILE: `${OWN}/service.key`,
      COFFER_KAFKA_BROKERS: `${BROKER}:${KAFKA_PORT}`,
      COFFER_KAFKA_TLS: 'true',
      COFFER_PEER_VAULT_MANAGEMENT: `vault-management:${GRPC_PORT}`,
      COFFER_PEER_CRYPTO_GATEWAY: `crypto-gateway:${GRPC_PORT}`,
      COFFER_PEER_POLICY_ENGINE: `policy-engine:${GRPC_PORT}`,
      COFFER_PEER_IDENTITY: `identity:${GRPC_PORT}`,
      [databaseSettings[service]]: `postgres://${role}@postgres:5432/${role}`,
      COFFER_DATABASE_PASSWORD_FILE: `${OWN}/database-password`,
      COFFER_TENANT_ID: deployment.tenantId,
      COFFER_SUBSCRIPTION_ID: deployment.subscriptionId,
      ...(dev
        ? { COFFER_DEV: 'true' }
        : {
            COFFER_ADMINISTRATOR_OBJECT_ID: deployment.administrator.objectId,
            COFFER_ADMINISTRATOR_APP_ID: deployment.administrator.appId,
          }),
      ...(service === 'identity' && !dev ? { COFFER_ADMINISTRATOR_SECRET_FILE: `${OWN}/administrator.secret` } : {}),
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await replaceFile(path.join(own, 'settings'), lines.join(''), 0o600);
  }
  if (!dev) await copyFile(deployment.administratorSecretFile, path.join(directory, 'identity/administrator.secret'));
  await writeEdge({ domain }, deployment, path.join(directory, 'edge'));
  await writeBroker(deployment, path.join(directory, 'kafka'));
  await copyCertificates(deployment, BROKER_ADMIN, path.join(directory, 'topics'));
}

/** The databases of the services, with the passwords that `writeContainerFiles` has written. */
export async function containerDatabases(directory: string): Promise<readonly ContainerDatabase[]> {
  const databases = edgeUpstreams.map(async (service) => {
    const password = (await readFile(path.join(directory, service, 'database-password'), 'utf8')).trim();
    return { role: roleOf(service), database: roleOf(service), password };
  });
  return Promise.all(databases);
}

function roleOf(service: ServiceName): string {
  return `coffer_${service.replaceAll('-', '_')}`;
}

async function writeEdge({ domain }: { readonly domain: string }, deployment: Deployment, own: string): Promise<void> {
  await copyCertificates(deployment, 'edge', own);
  await copyFile(deployment.publicTls.certificateFile, path.join(own, 'public.pem'));
  await copyFile(deployment.publicTls.keyFile, path.join(own, 'public.key'));
  const instances = (service: EdgeUpstream) => [`${service}:${HTTP_PORT}`];
  const upstreams = {
    'vault-management': instances('vault-management'),
    'crypto-gateway': instances('crypto-gateway'),
    'policy-engine': instances('policy-engine'),
    'audit-log': instances('audit-log'),
    identity: instances('identity'),
  };
  const configuration = edgeConfiguration({
    domain,
    listen: [`0.0.0.0:${HTTP_PORT}`],
    upstreams,
    certificate: { certificateFile: `${OWN}/public.pem`, keyFile: `${OWN}/public.key` },
    service: {
      certificateFile: `${OWN}/service.pem`,
      keyFile: `${OWN}/service.key`,
      caFile: `${OWN}/service-ca.pem`,
    },
    directory: '/tmp',
  });
  await replaceFile(path.join(own, 'nginx.conf'), configuration, 0o644);
}

/** For one broker of its own: what it listens on, besides loopback, wants a certificate. */
async function writeBroker({ services }: Deployment, own: string): Promise<void> {
  await writeBrokerStores(services, own);
  const stores = { keystoreFile: `${KAFKA_OWN}/keystore.pem`, truststoreFile: `${KAFKA_OWN}/truststore.pem` };
  const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:${KAFKA_CONTROLLER_PORT}
controller.listener.names=CONTROLLER
listeners=SSL://:${KAFKA_PORT},CONTROLLER://localhost:${KAFKA_CONTROLLER_PORT}
advertised.listeners=SSL://${BROKER}:${KAFKA_PORT}
listener.security.protocol.map=SSL:SSL,CONTROLLER:SSL
inter.broker.listener.name=SSL
log.dirs=/var/lib/kafka/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
${brokerSecurity(stores)}`;
  await replaceFile(path.join(own, 'server.properties'), properties, 0o600);
  await replaceFile(path.join(own, 'healthcheck.properties'), brokerClient(stores), 0o600);
}

async function copyCertificates({ services }: Deployment, name: string, own: string): Promise<void> {
  await mkdir(own, { recursive: true, mode: 0o700 });
  const pair = services.services[name];
  if (pair === undefined) throw new Error(`there is no certificate for ${name}`);
  await copyPair(services.caFile, pair, own);
}

/** Copies a certificate with its key and CA to where `containerCertificates` says; the key stays its owner's alone. */
export async function copyPair(ca: string, pair: Omit<KafkaTlsFiles, 'caFile'>, directory: string): Promise<void> {
  const { caFile, certificateFile, keyFile } = containerCertificates(directory);
  await copyFile(ca, caFile);
  await copyFile(pair.certificateFile, certificateFile);
  await copyFile(pair.keyFile, keyFile);
}

async function keepPassword(file: string): Promise<void> {
  try {
    await readFile(file);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    await replaceFile(file, `${randomBytes(PASSWORD_BYTES).toString('base64url')}\n`, 0o600);
  }
}
