const FIRST_SIZE = 16_384;
/** A larger buffer, which one large text has asked for, is not kept. */
const LARGEST_KEPT = 1_048_576;
/** One byte of a varint holds the length of so short a text. */
const SHORT = 63;
const LAST_ASCII = 0x7f;
const SEVEN_BITS = 0x7f;
const MORE = 0x80;
const MAX_VARINT_BYTES = 5;

/** Writes numbers and texts of the Kafka protocol (big endian, zigzag varints), one after the other, into bytes that grow. */
export class ByteWriter {
  at = 0;
  #bytes = Buffer.allocUnsafe(FIRST_SIZE);

  /** Begins anew. */
  reset(): void {
    this.at = 0;
    if (this.#bytes.length > LARGEST_KEPT) this.#bytes = Buffer.allocUnsafe(FIRST_SIZE);
  }

  /** What was written from `start` on; changes with the next thing written. */
  written(start = 0): Buffer {
    return this.#bytes.subarray(start, this.at);
  }

  int8(value: number): void {
    this.#room(1);
    this.#bytes[this.at++] = value;
  }

  int16(value: number): void {
    this.#room(2);
    this.at = this.#bytes.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.#room(4);
    this.at = this.#bytes.writeInt32BE(value, this.at);
  }

  int64(value: bigint): void {
    this.#room(8);
    this.at = this.#bytes.writeBigInt64BE(value, this.at);
  }

  /** At a place that was written before, which keeps its length. */
  int32At(place: number, value: number): void {
    this.#bytes.writeInt32BE(value, place);
  }

  /** Of at most 31 bits. */
  varint(value: number): void {
    this.#room(MAX_VARINT_BYTES);
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; rest > SEVEN_BITS; rest >>>= 7) this.#bytes[this.at++] = (rest & SEVEN_BITS) | MORE;
    this.#bytes[this.at++] = rest;
  }

  /** With its length in bytes before it, as a varint. */
  varintBytes(value: Buffer | string): void {
    if (typeof value === 'string') {
      this.#varintText(value);
      return;
    }
    this.varint(value.length);
    this.#room(value.length);
    this.at += value.copy(this.#bytes, this.at);
  }

  /** With its length in bytes before it, as an int16. */
  text16(value: string): void {
    const length = Buffer.byteLength(value);
    this.int16(length);
    this.#room(length);
    this.at += this.#bytes.write(value, this.at);
  }

  /** Puts the length of what was written from `start` on before it, as a varint. */
  lengthBefore(start: number): void {
    const end = this.at;
    this.varint(end - start); // shows how long it is itself
    const size = this.at - end;
    this.#bytes.copyWithin(start + size, start, end);
    this.at = start;
    this.varint(end - start);
    this.at = end + size;
  }

  #varintText(value: string): void {
    if (value.length <= SHORT && this.#shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.#room(length);
    this.at += this.#bytes.write(value, this.at);
  }

  /** Most texts are short and ASCII, and a call out of JavaScript costs more than they do. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    this.#room(length + 1);
    const bytes = this.#bytes;
    let place = this.at;
    bytes[place++] = length << 1;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > LAST_ASCII) return false;
      bytes[place++] = code;
    }
    this.at = place;
    return true;
  }

  #room(bytes: number): void {
    const needed = this.at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * needed);
    this.#bytes.copy(larger, 0, 0, this.at);
    this.#bytes = larger;
  }
}
