import { Kafka, logLevel, type LogEntry } from 'kafkajs';
import { quietRequestQueues } from './request-queue.js';

quietRequestQueues();

/** How brokers are reached. Never logged. */
export interface KafkaConnection {
  /** `host:port` of brokers to ask first. */
  readonly brokers: readonly string[];
  /** Names this client in the brokers' logs. */
  readonly clientId: string;
  /** PEM texts; absent for plain text. */
  readonly ssl?: { readonly ca: string; readonly cert?: string; readonly key?: string };
  /** SASL with SCRAM-SHA-512 (RFC 5802). */
  readonly sasl?: { readonly username: string; readonly password: string };
}

/** Takes what the client library has to say. */
export type KafkaLog = (level: 'error' | 'warn' | 'debug', message: string) => void;

const CONNECT_MS = 2_000;
const REQUEST_MS = 10_000;

/** The library's client of this connection; its own messages go to `log`, without their details, which may name secrets. */
export function openKafka({ brokers, clientId, ssl, sasl }: KafkaConnection, log: KafkaLog): Kafka {
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
    ...(ssl === undefined ? {} : { ssl: { ...ssl, ca: [ssl.ca] } }),
    ...(sasl === undefined ? {} : { sasl: { mechanism: 'scram-sha-512' as const, ...sasl } }),
  });
}
