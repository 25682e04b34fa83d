import type { Message, TopicMessages } from 'kafkajs';

/** What a broker takes in one batch of a partition where nobody has set anything (`message.max.bytes` is 1,048,588). */
const MAX_REQUEST_BYTES = 900_000;
/** Bytes of a record beside its key, its value and its headers, at most. */
const RECORD_BYTES = 32;
/** The same of a header. */
const HEADER_BYTES = 10;

/**
 * Cuts records into requests, in their order, so that the batches of each are small enough for a broker. A record that is
 * larger by itself gets a request of its own: the topic's `max.message.bytes` decides.
 */
export function* inRequests(topics: readonly TopicMessages[]): Generator<TopicMessages[]> {
  let request: TopicMessages[] = [];
  let size = 0;
  for (const { topic, messages } of topics) {
    let current: Message[] | undefined;
    for (const message of messages) {
      const bytes = sizeOf(message);
      if (size > 0 && size + bytes > MAX_REQUEST_BYTES) {
        yield request;
        [request, size, current] = [[], 0, undefined];
      }
      if (current === undefined) request.push({ topic, messages: (current = []) });
      current.push(message);
      size += bytes;
    }
  }
  if (size > 0) yield request;
}

function sizeOf({ key = null, value, headers = {} }: Message): number {
  let size = RECORD_BYTES + lengthOf(key) + lengthOf(value);
  for (const [name, content] of Object.entries(headers)) {
    for (const each of [content].flat()) size += HEADER_BYTES + lengthOf(name) + lengthOf(each ?? null);
  }
  return size;
}

/** Bytes of the UTF-8. */
function lengthOf(content: string | Buffer | null): number {
  return content === null ? 0 : Buffer.byteLength(content);
}
