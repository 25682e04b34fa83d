import { ByteWriter } from './byte-writer.js';
import { crc32c } from './crc32c.js';
import { insideKafkajs } from './kafkajs-inside.js';
import { allocate } from './slab.js';

interface ProducedMessage {
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly timestamp?: unknown;
}

interface ProducedPartition {
  readonly partition: number;
  readonly firstSequence?: number;
  readonly messages: readonly ProducedMessage[];
}

export interface Production {
  readonly acks: number;
  readonly timeout: number;
  readonly compression?: number;
  readonly transactionalId?: string;
  readonly producerId?: unknown;
  readonly producerEpoch?: number;
  readonly topicData: readonly { readonly topic: string; readonly partitions: readonly ProducedPartition[] }[];
}

interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

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
const MAGIC = 2;
/** Of a record batch, from behind its length to its checksum: leader epoch, magic byte, checksum. */
const CHECKSUM_AT = 5;
const CHECKSUM_BYTES = 4;

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

/** Nothing else is written while a request is. */
const writer = new ByteWriter();

/** The body of a Produce request of versions 3 to 7 (Kafka protocol guide), in bytes of its own. */
function encodeProduction({ acks, timeout, topicData, producerId, producerEpoch = 0 }: Production): Encoded {
  const producer = { id: idOf(producerId), epoch: producerEpoch };
  const now = Date.now();
  writer.reset();
  writer.int16(-1); // no transaction
  writer.int16(acks);
  writer.int32(timeout);
  writer.int32(topicData.length);
  for (const { topic, partitions } of topicData) {
    writer.text16(topic);
    writer.int32(partitions.length);
    for (const partition of partitions) writePartition(partition, producer, now);
  }
  const buffer = allocate(writer.at);
  buffer.set(writer.written());
  return { buf: buffer, buffer };
}

interface ProducerOf {
  readonly id: bigint;
  readonly epoch: number;
}

/** The library's 64-bit integer, or a number or its digits. */
function idOf(id: unknown): bigint {
  if (typeof id === 'object' && id !== null && 'value' in id) return idOf(id.value);
  return id === undefined ? -1n : BigInt(id as bigint | number | string);
}

function writePartition(partition: ProducedPartition, producer: ProducerOf, now: number): void {
  const { messages, firstSequence = 0 } = partition;
  writer.int32(partition.partition);
  const size = writer.at;
  writer.int32(0);
  writer.int64(0n); // the broker counts offsets
  const length = writer.at;
  writer.int32(0);
  const head = writer.at;
  writer.int32(0); // leader epoch
  writer.int8(MAGIC);
  writer.int32(0);
  writer.int16(0); // no compression, no transaction
  writer.int32(messages.length - 1);
  writer.int64(BigInt(now));
  writer.int64(BigInt(now));
  writer.int64(producer.id);
  writer.int16(producer.epoch);
  writer.int32(firstSequence);
  writer.int32(messages.length);
  for (let i = 0; i < messages.length; i += 1) writeRecord(messages[i] as ProducedMessage, i);
  writer.int32At(size, writer.at - size - 4);
  writer.int32At(length, writer.at - head);
  writer.int32At(head + CHECKSUM_AT, crc32c(writer.written(head + CHECKSUM_AT + CHECKSUM_BYTES)));
}

function writeRecord({ key, value, headers = {} }: ProducedMessage, offsetDelta: number): void {
  const start = writer.at;
  writer.int8(0); // attributes
  writer.varint(0); // timestamp: that of the batch
  writer.varint(offsetDelta);
  writer.varintBytes(key as Buffer | string);
  writer.varintBytes(value as Buffer | string);
  const names = Object.keys(headers);
  writer.varint(names.length);
  for (const name of names) {
    writer.varintBytes(name);
    writer.varintBytes(headers[name] as Buffer | string);
  }
  writer.lengthBefore(start);
}
