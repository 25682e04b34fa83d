import fc from 'fast-check';
import './connection.js';
import { insideKafkajs } from './kafkajs-inside.js';

interface KafkaRecord {
  readonly offsetDelta: number;
  readonly key: Buffer | string;
  readonly value: Buffer | string | null;
  readonly headers: Readonly<Record<string, Buffer | string>>;
}
interface Decoded {
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}
type Encode = (record: KafkaRecord) => { readonly buffer: Buffer };
interface LengthDecoder {
  readVarInt(): number;
}
type Decode = (
  decoder: LengthDecoder,
  batch: { readonly firstOffset: number; readonly firstTimestamp: number },
) => Decoded;

const encode = insideKafkajs('protocol/recordBatch/record/v0') as Encode;
const decode = insideKafkajs('protocol/recordBatch/record/v0/decoder') as Decode;
const Decoder = insideKafkajs('protocol/decoder') as new (bytes: Buffer) => LengthDecoder;

/** Lengths on both sides of every limit: of the first buffer, of a growth, of a number's bytes. */
const length = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(61, 62, 63, 64, 65, 127, 128, 255, 256, 257, 510, 511, 512, 513, 8_191, 8_192, 16_384, 70_000),
);
const text = fc.tuple(length, fc.constantFrom('x', 'é', '🔑', '\0')).map(([n, unit]) => unit.repeat(n));
const bytes = fc.oneof(
  text,
  length.map((n) => Buffer.alloc(n, 0xa5)),
);
const records = fc.record({
  offsetDelta: fc.integer({ min: 0, max: 100_000 }),
  key: bytes,
  value: fc.oneof(bytes, fc.constant(null)),
  headers: fc.dictionary(
    // A prefix, because the library takes names that objects inherit for headers that came twice.
    fc.string({ maxLength: 80 }).map((name) => `ce_${name}`),
    bytes,
    { maxKeys: 9 },
  ),
});

it('writes records that the library reads as they were, of any length', () => {
  fc.assert(
    fc.property(fc.array(records, { minLength: 1, maxLength: 4 }), (all) => {
      // All before any is read: what one has in the pool must not be another's.
      const encoded = all.map((record) => encode(record).buffer);
      for (const [i, record] of all.entries()) {
        const decoder = new Decoder(encoded[i] ?? Buffer.alloc(0));
        decoder.readVarInt();
        const read = decode(decoder, { firstOffset: 0, firstTimestamp: 0 });
        expect(read.key.equals(Buffer.from(record.key))).toBe(true);
        expect(read.value === null ? null : read.value.equals(Buffer.from(record.value ?? ''))).toBe(
          record.value === null ? null : true,
        );
        expect(Object.keys(read.headers)).toEqual(Object.keys(record.headers));
        for (const [name, value] of Object.entries(record.headers)) {
          expect(read.headers[name]?.equals(Buffer.from(value))).toBe(true);
        }
      }
    }),
    { numRuns: 150 },
  );
});
