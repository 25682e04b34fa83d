import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { Kafka, logLevel, type ISocketFactory, type LogEntry } from 'kafkajs';
import { encodeProductionsAtOnce, growEncodersCheaply } from './lighter-requests.js';
import { quietRequestQueues } from './request-queue.js';

quietRequestQueues();
encodeProductionsAtOnce();
growEncodersCheaply();

/** PEM texts. */
export interface KafkaTls {
  /** What the brokers' certificates must come from. */
  readonly ca: string;
  /** This client's certificate and key, for brokers that tell clients apart by them. */
  readonly cert?: string;
  readonly key?: string;
}

/** How brokers are reached. Never logged. */
export interface KafkaConnection {
  /** `host:port` of brokers to ask first. */
  readonly brokers: readonly string[];
  /** Names this client in the brokers' logs. */
  readonly clientId: string;
  /** Asked at each new connection, so that replaced certificates are used without a restart; absent for plain text. */
  readonly tls?: () => KafkaTls;
  /** SASL with SCRAM-SHA-512 (RFC 5802). */
  readonly sasl?: { readonly username: string; readonly password: string };
}

/** Takes what the client library has to say. */
export type KafkaLog = (level: 'error' | 'warn' | 'debug', message: string) => void;

const CONNECT_MS = 2_000;
const REQUEST_MS = 10_000;

/** The library's client of this connection; its own messages go to `log`, without their details, which may name secrets. */
export function openKafka({ brokers, clientId, tls, sasl }: KafkaConnection, log: KafkaLog): Kafka {
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    enforceRequestTimeout: true,
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ level, log: { message } }: LogEntry) => {
        log(level === logLevel.ERROR ? 'error' : level === logLevel.WARN ? 'warn' : 'debug', message);
      },
    ...(tls === undefined ? {} : { socketFactory: tlsSockets(tls) }),
    ...(sasl === undefined ? {} : { sasl: { mechanism: 'scram-sha-512' as const, ...sasl } }),
  });
}

const KEEP_ALIVE_MS = 60_000;

/** What the library does, but for the certificates, which it would take once for ever. */
function tlsSockets(tls: () => KafkaTls): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, ...name, ...tls() }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };
}
