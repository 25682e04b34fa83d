import fc from 'fast-check';
import type { TopicMessages } from 'kafkajs';
import { inRequests } from './request-size.js';

const LIMIT = 1_048_588;
/** More than the bytes of a record. */
const sizeOf = (messages: TopicMessages['messages']) =>
  messages.reduce((sum, { key, value, headers }) => sum + JSON.stringify([key, value, headers]).length, 0);
const text = (length: number) => 'x'.repeat(length);
const record = (key: string, length: number) => ({ key, value: text(length), headers: { h: key } });

it('keeps what is small in one request', () => {
  const topics = [
    { topic: 'a', messages: [record('1', 10), record('2', 10)] },
    { topic: 'b', messages: [record('3', 10)] },
  ];
  expect([...inRequests(topics)]).toEqual([topics]);
  expect([...inRequests([])]).toEqual([]);
  expect([...inRequests([{ topic: 'a', messages: [] }])]).toEqual([]);
});

it('counts bytes, not characters', () => {
  const messages = Array.from({ length: 4 }, () => ({ key: 'k', value: '\u20ac'.repeat(200_000) }));
  expect([...inRequests([{ topic: 'a', messages }])].map(([first]) => first?.messages.length)).toEqual([1, 1, 1, 1]);
});

it('loses nothing, keeps the order, and gives nothing to a broker that is too large for it, unless one record is', () => {
  const lengths = fc.array(fc.nat({ max: 1_200_000 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 3 }), (topics) => {
      const given = topics.map((sizes, t) => ({
        topic: `topic-${t}`,
        messages: sizes.map((length, i) => record(`${t}-${i}`, length)),
      }));
      const requests = [...inRequests(given)];
      const keys = (all: readonly TopicMessages[]) =>
        all.flatMap(({ topic, messages }) => messages.map(({ key }) => [topic, key]));
      expect(requests.flatMap(keys)).toEqual(keys(given));
      for (const request of requests) {
        const messages = request.flatMap((each) => each.messages);
        expect(messages.length).toBeGreaterThan(0);
        if (messages.length > 1) expect(sizeOf(messages)).toBeLessThan(LIMIT);
        expect(new Set(request.map(({ topic }) => topic)).size).toBe(request.length);
      }
    }),
    { numRuns: 50 },
  );
});
