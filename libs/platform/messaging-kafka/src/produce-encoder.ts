import { ByteWriter } from './byte-writer.js';
import { crc32c } from './crc32c.js';
import { allocate } from './slab.js';

export interface ProducedMessage {
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

/** What the client library takes for one of its encoders. */
export interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

const MAGIC = 2;
/** Of a record batch, from behind its length to its checksum: leader epoch, magic byte, checksum. */
const CHECKSUM_AT = 5;
const CHECKSUM_BYTES = 4;

/** Nothing else is written while a request is. */
const writer = new ByteWriter();

/** The body of a Produce request of versions 3 to 7 (Kafka protocol guide), in bytes of its own. */
export function encodeProduction({ acks, timeout, topicData, producerId, producerEpoch = 0 }: Production): Encoded {
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
