import { insideKafkajs } from './kafkajs-inside.js';

interface Encoder {
  buf: Buffer;
  /** Bytes of `buf` that are written; no others are read. */
  offset: number;
  ensureAvailable: (this: Encoder, bytes: number) => void;
  writeUVarInt: (this: Encoder, value: number) => Encoder;
}

interface EncoderClass {
  readonly prototype: Encoder;
  /** Asked by the constructor for the size of the first buffer (and by the `ensureAvailable` that is replaced here). */
  nextPowerOfTwo: (bytes: number) => number;
}

/** What the constructor asks for when it is not told; every header of a record is an encoder of its own. */
const USUAL = 511;
/** Holds a header; so small a buffer lies within JavaScript's own memory, and costs next to nothing. */
const FIRST = 64;
const LEAST_GROWTH = 256;
const MAX_VARINT_BYTES = 5;
const SEVEN_BITS = 0x7f;
const MORE = 0x80;

/**
 * The client library makes a zeroed buffer of 512 bytes outside JavaScript's memory for every header of every record, and one
 * for every number in it: most of what publishing costs. Here they begin small, grow by what the runtime has in its pool,
 * and numbers are written in place.
 */
export function lightenEncoders(): void {
  const encoder = insideKafkajs('protocol/encoder') as EncoderClass | undefined;
  if (encoder === undefined) return;
  const { prototype } = encoder;
  const size = encoder.nextPowerOfTwo.bind(encoder);
  encoder.nextPowerOfTwo = (bytes) => (bytes === USUAL ? FIRST : size(bytes));
  prototype.ensureAvailable = function (this: Encoder, bytes) {
    const needed = this.offset + bytes;
    if (needed <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * needed, LEAST_GROWTH));
    this.buf.copy(larger, 0, 0, this.offset);
    this.buf = larger;
  };
  /** LEB128, the lowest seven bits first. */
  prototype.writeUVarInt = function (this: Encoder, value) {
    this.ensureAvailable(MAX_VARINT_BYTES);
    let rest = value >>> 0;
    for (; rest > SEVEN_BITS; rest >>>= 7) this.buf[this.offset++] = (rest & SEVEN_BITS) | MORE;
    this.buf[this.offset++] = rest;
    return this;
  };
}
