import { jest } from '@jest/globals';
import fc from 'fast-check';
import './connection.js';
import { insideKafkajs } from './kafkajs-inside.js';
import type { Production } from './produce-encoder.js';

interface Request {
  readonly encode: () => Promise<{ readonly buffer: Buffer }>;
}
const library = insideKafkajs('protocol/requests/produce/v7/request') as (production: Production) => Request;
const requests = insideKafkajs('protocol/requests/produce') as {
  readonly protocol: (asked: { version: number }) => (production: Production) => { readonly request: Request };
};
const written = async (request: Request) => (await request.encode()).buffer;
const ours = (production: Production) => requests.protocol({ version: 7 })(production).request;

/** Lengths on both sides of every limit: of a short text, of a number's bytes, of the first buffer. */
const length = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(61, 62, 63, 64, 65, 127, 128, 8_190, 8_191, 8_192, 16_383, 16_384, 16_385, 70_000),
);
const text = fc.tuple(length, fc.constantFrom('x', 'é', '🔑', '\0', '\ud800')).map(([n, unit]) => unit.repeat(n));
const bytes = fc.oneof(
  fc.string({ maxLength: 70 }),
  text,
  length.map((n) => Buffer.alloc(n, 0xa5)),
);
const message = fc.record(
  { key: bytes, value: bytes, headers: fc.dictionary(fc.string({ maxLength: 80 }), bytes, { maxKeys: 9 }) },
  { requiredKeys: ['key', 'value'] },
);
const partition = fc.record({
  partition: fc.nat(),
  firstSequence: fc.nat(),
  messages: fc.array(message, { minLength: 1, maxLength: 5 }),
});
const production: fc.Arbitrary<Production> = fc.record(
  {
    acks: fc.constantFrom(-1, 1),
    timeout: fc.nat(),
    producerId: fc.oneof(fc.constantFrom('-1', '9223372036854775807', 7), fc.nat().map(String)),
    producerEpoch: fc.integer({ min: -1, max: 32_767 }),
    topicData: fc.array(
      fc.record({
        topic: fc.string({ minLength: 1, maxLength: 249 }),
        partitions: fc.array(partition, { minLength: 1, maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: ['acks', 'timeout', 'topicData'] },
);

beforeEach(() => {
  jest.spyOn(Date, 'now').mockReturnValue(1_772_366_400_123);
});
afterEach(() => {
  jest.restoreAllMocks();
});

it('writes byte for byte what the library would', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(production, { minLength: 1, maxLength: 2 }), async (all) => {
      // All before any is compared: what one has written must not be another's.
      const encoded = await Promise.all(all.map((each) => written(ours(each))));
      for (const [i, each] of all.entries()) {
        expect(encoded[i]?.equals(await written(library(each)))).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

const plain = { key: 'k', value: 'v' };
it.each<[string, Partial<Production>, Record<string, unknown>]>([
  ['a message with a time of its own', {}, { timestamp: '1772366400999' }],
  ['a header with several values', {}, { headers: { a: ['b', 'c'] } }],
  ['a message without a key', {}, { key: null }],
  ['a message without a value', {}, { value: null }],
  ['a transaction', { transactionalId: 't' }, {}],
  ['compression', { compression: 1 }, {}],
])('leaves %s to the library', async (_, options, extra) => {
  const messages = [plain, { ...plain, ...extra }];
  const topicData = [{ topic: 't', partitions: [{ partition: 1, firstSequence: 2, messages }] }];
  const asked = { acks: -1, timeout: 1, ...options, topicData };
  const request = ours(asked);
  expect((await written(request)).equals(await written(library(asked)))).toBe(true);
  expect(String(request.encode)).toBe(String(library(asked).encode));
});
