import { insideKafkajs } from './kafkajs-inside.js';
import { encodeProduction, type Encoded, type ProducedMessage, type Production } from './produce-encoder.js';
import { allocate } from './slab.js';

interface Encoder {
  buf: Buffer;
  /** Bytes of `buf` that are written; no others are read. */
  offset: number;
  ensureAvailable: (this: Encoder, bytes: number) => void;
}

interface ProduceRequest {
  readonly encode: () => Promise<Encoded>;
}

type Version = (production: Production) => { readonly request: ProduceRequest; readonly response: unknown };

interface ProduceRequests {
  protocol: (asked: { readonly version: number }) => Version | undefined;
}

/** The first and the last version of the request with the format that is written here. */
const FIRST_VERSION = 3;
const LAST_VERSION = 7;

/**
 * The client library builds every header, record, batch and request in a buffer of its own and sums each byte singly: a
 * third of what a service's main thread does for a request that is audited. Here a Produce request is written in one go,
 * byte for byte the same; what this project does not send (compression, transactions, timestamps, lists of headers) is
 * left to the library.
 */
export function encodeProductionsAtOnce(): void {
  const requests = insideKafkajs('protocol/requests/produce') as ProduceRequests | undefined;
  if (requests === undefined) return;
  const known = requests.protocol.bind(requests);
  requests.protocol = ({ version }) => {
    const made = known({ version });
    if (made === undefined || version < FIRST_VERSION || version > LAST_VERSION) return made;
    return (production) => {
      const { request, response } = made(production);
      if (!isOurs(production)) return { request, response };
      return { request: { ...request, encode: () => Promise.resolve(encodeProduction(production)) }, response };
    };
  };
}

/** The library puts the head of a request before its body twice, each time in new memory that it fills with zeros first. */
export function growEncodersCheaply(): void {
  const encoder = insideKafkajs('protocol/encoder') as { readonly prototype: Encoder } | undefined;
  if (encoder === undefined) return;
  encoder.prototype.ensureAvailable = function (this: Encoder, bytes) {
    const needed = this.offset + bytes;
    if (needed <= this.buf.length) return;
    const larger = allocate(Math.max(needed, 2 * this.buf.length));
    this.buf.copy(larger, 0, 0, this.offset);
    this.buf = larger;
  };
}

function isOurs({ compression = 0, transactionalId, topicData }: Production): boolean {
  if (compression !== 0 || transactionalId !== undefined) return false;
  return topicData.every(({ partitions }) => partitions.every(({ messages }) => messages.every(isPlain)));
}

function isPlain({ key, value, headers = {}, timestamp }: ProducedMessage): boolean {
  if (!isText(key) || !isText(value) || timestamp !== undefined) return false;
  for (const name in headers) if (!isText(headers[name])) return false;
  return true;
}

function isText(value: unknown): value is Buffer | string {
  return typeof value === 'string' || Buffer.isBuffer(value);
}
