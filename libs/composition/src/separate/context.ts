import { readFile } from 'node:fs/promises';
import { Peer, watchCertificates, type CallObserver, type Certificates } from '@coffer/grpc';
import {
  createKafkaFeed,
  kafkaTlsFiles,
  type FeedObserver,
  type KafkaConnection,
  type KafkaFeed,
} from '@coffer/messaging-kafka';
import { ConfigError } from '../config/load.js';
import type { Config } from '../config/schema.js';
import type { ServiceName } from '../service-names.js';
import type { ProgramContext } from '../run.js';

/** What a service of its own process needs of the configuration besides its database. */
export interface SeparateSettings {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly brokers: readonly string[];
}

/** Throws ConfigError that names everything that is missing. */
export function separateSettings(config: Config): SeparateSettings {
  const { serviceCaFile, serviceCertFile, serviceKeyFile, kafkaBrokers } = config;
  const missing = [
    serviceCaFile === undefined ? 'COFFER_SERVICE_CA_FILE is not set.' : '',
    serviceCertFile === undefined ? 'COFFER_SERVICE_CERT_FILE is not set.' : '',
    serviceKeyFile === undefined ? 'COFFER_SERVICE_KEY_FILE is not set.' : '',
    kafkaBrokers === undefined ? 'COFFER_KAFKA_BROKERS is not set.' : '',
  ].filter((problem) => problem !== '');
  if (
    serviceCaFile === undefined ||
    serviceCertFile === undefined ||
    serviceKeyFile === undefined ||
    kafkaBrokers === undefined
  ) {
    throw new ConfigError(missing);
  }
  return { caFile: serviceCaFile, certificateFile: serviceCertFile, keyFile: serviceKeyFile, brokers: kafkaBrokers };
}

const peerSettings = {
  'vault-management': ['peerVaults', 'COFFER_PEER_VAULT_MANAGEMENT'],
  'crypto-gateway': ['peerKeys', 'COFFER_PEER_CRYPTO_GATEWAY'],
  'policy-engine': ['peerPolicy', 'COFFER_PEER_POLICY_ENGINE'],
  identity: ['peerIdentity', 'COFFER_PEER_IDENTITY'],
} as const;
export type PeerName = keyof typeof peerSettings;

/** The other services, each connected to when it is first called. */
export class Peers {
  readonly #known = new Map<PeerName, Peer>();

  constructor(
    private readonly config: Config,
    private readonly certificates: Certificates,
    private readonly observer: CallObserver,
  ) {}

  /** Throws ConfigError when the configuration does not say where its instances are. */
  to(service: PeerName): Peer {
    const known = this.#known.get(service);
    if (known !== undefined) return known;
    const [setting, variable] = peerSettings[service];
    const endpoints = this.config[setting];
    if (endpoints === undefined) throw new ConfigError([`${variable} is not set.`]);
    const peer = new Peer({ service, endpoints, certificates: this.certificates, observer: this.observer });
    this.#known.set(service, peer);
    return peer;
  }

  close(): void {
    for (const peer of this.#known.values()) peer.close();
  }
}

/** Throws when the files cannot be used; later ones that cannot are told of, and the old ones stay in use. */
export function openCertificates(
  { caFile, certificateFile, keyFile }: SeparateSettings,
  log: ProgramContext['log'],
): Certificates {
  return watchCertificates(
    { caFile, certificateFile, keyFile },
    {
      onError: (err) => {
        log.warn({ err }, 'the replaced service certificate cannot be used');
      },
    },
  );
}

/** The feed of this process. */
export async function openFeed(
  name: ServiceName,
  { config, log }: Pick<ProgramContext, 'config' | 'log'>,
  settings: SeparateSettings,
  observer: FeedObserver,
): Promise<KafkaFeed> {
  return createKafkaFeed({
    observer,
    connection: await kafkaConnection(name, config, settings),
    source: name,
    log: (level, message) => {
      log.debug({ level }, `Kafka: ${message}`);
    },
    onError: (err, group) => {
      log.warn({ err, group }, 'messages could not be handled and come again');
    },
    onUndecodable: ({ topic, partition, offset }) => {
      log.error({ topic, partition, offset }, 'a record on the feed is no message and was skipped');
    },
  });
}

/** How a service, or a tool in its name, reaches the brokers. */
export async function kafkaConnection(
  clientId: string,
  config: Config,
  settings: SeparateSettings,
): Promise<KafkaConnection> {
  const { kafkaTls, kafkaUsername, kafkaPasswordFile } = config;
  const password = kafkaPasswordFile === undefined ? undefined : (await readFile(kafkaPasswordFile, 'utf8')).trim();
  return {
    brokers: settings.brokers,
    clientId,
    ...(kafkaTls ? { tls: kafkaTlsFiles(settings) } : {}),
    ...(password === undefined ? {} : { sasl: { username: kafkaUsername ?? clientId, password } }),
  };
}
