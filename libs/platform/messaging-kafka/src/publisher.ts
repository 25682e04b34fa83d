import type { FeedMessage } from '@coffer/event-sourcing';
import { CofferError, deferred } from '@coffer/kernel';
import type { Kafka, Producer } from 'kafkajs';
import { toRecord } from './codec.js';
import type { FeedObserver } from './observer.js';
import { rememberingPartitioner } from './partitioner.js';
import { inRequests } from './request-size.js';

const RETRY = { initialRetryTime: 50, maxRetryTime: 1_000, retries: 3 };
/** A request is given up after this time; who publishes keeps the messages and tries again. */
const GIVE_UP_MS = 10_000;
const ALL_IN_SYNC = -1;

/**
 * Publishes with an idempotent producer, acks=all. A producer that has failed is never used again: what it may still have
 * under way would make the broker take a later batch for a repetition of it.
 */
export class Publisher {
  #producer: Promise<Producer> | undefined;
  #closed = false;
  /** Publications follow each other: what was asked for first is first in its partition. */
  #last: Promise<void> = Promise.resolve();

  constructor(
    private readonly kafka: Kafka,
    private readonly source: string,
    private readonly observer: FeedObserver,
  ) {}

  /** Throws ServiceUnavailable when the brokers do not have the messages. */
  publish(messages: readonly FeedMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    const publication = this.#last.then(() => this.#publish(messages));
    this.#last = publication.catch(() => undefined);
    return publication;
  }

  async #publish(messages: readonly FeedMessage[]): Promise<void> {
    const byTopic = new Map<string, FeedMessage[]>();
    for (const message of messages) {
      const sameTopic = byTopic.get(message.topic);
      if (sameTopic === undefined) byTopic.set(message.topic, [message]);
      else sameTopic.push(message);
    }
    const began = performance.now();
    try {
      await this.#within([...byTopic], () => this.#send(byTopic));
    } catch (cause) {
      this.#discard();
      for (const topic of byTopic.keys()) this.observer.publishFailed?.(topic);
      const refusal = new CofferError('ServiceUnavailable', 'The messages could not be given to Kafka.');
      refusal.cause = cause;
      throw refusal;
    }
    const milliseconds = performance.now() - began;
    for (const [topic, { length }] of byTopic) this.observer.published?.(topic, length, milliseconds);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.then(
      (opened) => opened.disconnect(),
      () => undefined,
    );
  }

  async #send(byTopic: ReadonlyMap<string, readonly FeedMessage[]>): Promise<void> {
    if (this.#closed) throw new Error('the feed is closed');
    const producer = await withTimeout((this.#producer ??= this.#open()));
    const topicMessages = [...byTopic].map(([topic, messages]) => ({
      topic,
      messages: messages.map((message) => toRecord(message, this.source)),
    }));
    for (const request of inRequests(topicMessages)) {
      await withTimeout(producer.sendBatch({ acks: ALL_IN_SYNC, topicMessages: request }));
    }
  }

  /** Inside what the observer has for each of the topics. */
  #within([first, ...rest]: readonly Topical[], work: () => Promise<void>): Promise<void> {
    const { observer } = this;
    if (first === undefined || observer.within === undefined) return work();
    const [topic, messages] = first;
    return observer.within('publish', topic, messages, () => this.#within(rest, work));
  }

  async #open(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      createPartitioner: rememberingPartitioner,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: RETRY,
    });
    await producer.connect();
    return producer;
  }

  #discard(): void {
    const failed = this.#producer;
    this.#producer = undefined;
    failed?.then((producer) => producer.disconnect()).catch(() => undefined);
  }
}

type Topical = readonly [topic: string, messages: readonly FeedMessage[]];

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = deferred<never>();
  const timer = setTimeout(() => {
    reject(new Error(`no answer of Kafka for ${GIVE_UP_MS} ms`));
  }, GIVE_UP_MS);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
