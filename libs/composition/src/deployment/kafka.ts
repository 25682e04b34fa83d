import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { topicGrants, topicSpecs } from '@coffer/contracts';
import { ensureTopics, grantTopics, kafkaTlsFiles, type KafkaTlsFiles } from '@coffer/messaging-kafka';
import { serviceOrganisation, type ServiceCertificates } from '@coffer/tls';
import { replaceFile } from '../data-directory.js';

/** Name of the broker's certificate, and its host name in containers. */
export const BROKER = 'kafka';
/** Name of the certificate that makes topics and gives grants. */
export const BROKER_ADMIN = 'kafka-admin';
/** The broker is reached by other names than its own on the machine that it runs on. */
export const brokerHosts = { [BROKER]: { dns: ['localhost'], ip: ['127.0.0.1'] } };

export interface BrokerStores {
  /** PEM: the broker's key (PKCS #8), then its certificate. */
  readonly keystoreFile: string;
  /** PEM: the CA of the services' certificates. */
  readonly truststoreFile: string;
}

/**
 * Lines of Kafka's server.properties: every listener wants a certificate of the service CA, whose common name is the user,
 * who may do what has been granted and nothing else.
 */
export function brokerSecurity(stores: BrokerStores): string {
  return `${storeLines(stores)}ssl.client.auth=required
ssl.endpoint.identification.algorithm=https
ssl.principal.mapping.rules=RULE:^CN=([a-z0-9-]+),O=${serviceOrganisation}$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:${BROKER};User:${BROKER_ADMIN}
`;
}

/** What Kafka's own tools need to look at the broker from beside it. */
export function brokerClient(stores: BrokerStores): string {
  return `security.protocol=SSL\n${storeLines(stores)}`;
}

function storeLines({ keystoreFile, truststoreFile }: BrokerStores): string {
  return `ssl.keystore.type=PEM
ssl.keystore.location=${keystoreFile}
ssl.truststore.type=PEM
ssl.truststore.location=${truststoreFile}
`;
}

/** Writes the broker's stores into a directory of its own, for its owner alone. */
export async function writeBrokerStores(
  { caFile, services }: ServiceCertificates,
  directory: string,
): Promise<BrokerStores> {
  const own = services[BROKER];
  if (own === undefined) throw new Error('there is no certificate for the broker');
  const stores = {
    keystoreFile: path.join(directory, 'keystore.pem'),
    truststoreFile: path.join(directory, 'truststore.pem'),
  };
  const [key, certificate, ca] = await Promise.all(
    [own.keyFile, own.certificateFile, caFile].map((file) => readFile(file, 'utf8')),
  );
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(stores.keystoreFile, `${key ?? ''}${certificate ?? ''}`, 0o600);
  await replaceFile(stores.truststoreFile, ca ?? '', 0o600);
  return stores;
}

/** The administrator's certificate in a container's own directory, or in the directory of all that a deployment has made. */
export function adminCertificates(directory: string): KafkaTlsFiles {
  const certificateFile = path.join(directory, `${BROKER_ADMIN}.pem`);
  if (!existsSync(certificateFile)) return containerCertificates(directory);
  const keyFile = path.join(directory, `${BROKER_ADMIN}.key`);
  return { ...containerCertificates(directory), certificateFile, keyFile };
}

/** Where a container's certificate is in its directory. */
export function containerCertificates(directory: string): KafkaTlsFiles {
  return {
    caFile: path.join(directory, 'service-ca.pem'),
    certificateFile: path.join(directory, 'service.pem'),
    keyFile: path.join(directory, 'service.key'),
  };
}

export interface TopicOptions {
  /** `host:port`. */
  readonly brokers: readonly string[];
  /** Of BROKER_ADMIN; absent for brokers that speak plain text and know no users. */
  readonly admin?: KafkaTlsFiles;
  /** Copies of each partition. */
  readonly replication?: number;
}

/** Makes the topics that are missing, and lets each service do with them what it needs to, and no more. May be repeated. */
export async function prepareTopics({ brokers, admin, replication }: TopicOptions): Promise<void> {
  const connection = {
    brokers,
    clientId: BROKER_ADMIN,
    ...(admin === undefined ? {} : { tls: kafkaTlsFiles(admin) }),
  };
  await ensureTopics(connection, topicSpecs, replication);
  if (admin !== undefined) await grantTopics(connection, topicGrants, 'withdraw');
}
