import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Consumer, Kafka } from 'kafkajs';
import { lastValueFrom } from 'rxjs';
import type { FeedObserver, FeedReports } from './observer.js';
import { handleBatch, type Handle } from './partition-batch.js';

export interface KafkaStrategyOptions extends FeedReports {
  readonly kafka: Kafka;
  /** Consumer group: its members share the partitions. */
  readonly group: string;
  readonly observer?: FeedObserver;
}

const SESSION_MS = 6_000;
const PARTITIONS_AT_ONCE = 3;
const RETRY_CONNECT_MS = 500;
/** A broker answers as soon as it has a record; without one after this time. Bounds how late a move of partitions is noticed. */
const LOOK_MS = 500;

/**
 * The consuming side of the feed as a transport of `@nestjs/microservices`: event handlers are registered by topic and are
 * given slices of messages of one partition. Offsets are committed after a handler has resolved; when it rejects, the same
 * messages come again and nothing is skipped (Nest's own Kafka transport does neither). Brokers that are away are waited
 * for, so that services start in any order. New groups begin at the oldest record.
 */
export class KafkaStrategy extends Server implements CustomTransportStrategy {
  #consumer: Consumer | undefined;
  #stopping = false;
  #joining: Promise<void> = Promise.resolve();
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly options: KafkaStrategyOptions) {
    super();
  }

  /** Begins; `callback` is called at once, the group is joined as soon as brokers answer. */
  listen(callback: () => void): void {
    this.#joining = this.#join();
    callback();
  }

  /** Resolves when running handlers have ended and the partitions are free for other members. */
  async close(): Promise<void> {
    this.#stopping = true;
    await this.#joining;
    // The client commits nothing once it has been told to stop.
    await Promise.allSettled(this.#running);
    await this.#consumer?.disconnect();
  }

  on(): never {
    throw new Error('the feed has no events of its own');
  }

  // The base class's signature.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  unwrap<T>(): T {
    return this.#consumer as T;
  }

  async #join(): Promise<void> {
    while (!this.#stopping) {
      const consumer = this.#newConsumer();
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: [...this.messageHandlers.keys()], fromBeginning: true });
        await this.#run(consumer);
        this.#consumer = consumer;
        return;
      } catch (error) {
        this.options.onError?.(error, this.options.group);
        await consumer.disconnect().catch(() => undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_CONNECT_MS));
    }
  }

  /** What ends the consumer's own loop is told; it is begun anew by itself. */
  #newConsumer(): Consumer {
    const consumer = this.options.kafka.consumer({
      groupId: this.options.group,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: 2 * SESSION_MS,
      heartbeatInterval: SESSION_MS / 6,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: LOOK_MS,
      minBytes: 1,
      maxBytesPerPartition: 1_048_576,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: () => Promise.resolve(!this.#stopping) },
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.options.onError?.(payload.error, this.options.group);
    });
    return consumer;
  }

  #run(consumer: Consumer): Promise<void> {
    const { group, observer = {}, onError, onUndecodable } = this.options;
    return consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: async (payload) => {
        const { topic, partition } = payload.batch;
        const batch = handleBatch(payload, {
          group,
          observer,
          handle: this.#handlerOf(topic),
          isStopping: () => this.#stopping,
          commit: (offset) => consumer.commitOffsets([{ topic, partition, offset: String(offset) }]),
          ...(onError === undefined ? {} : { onError }),
          ...(onUndecodable === undefined ? {} : { onUndecodable }),
        }).finally(() => this.#running.delete(batch));
        this.#running.add(batch);
        await batch;
      },
    });
  }

  /** The registered handler; what it returns is awaited, also when Nest makes an observable of it. */
  #handlerOf(topic: string): Handle {
    const handler = this.getHandlerByPattern(topic);
    if (handler === null) throw new Error(`no handler for ${topic}`);
    return async (messages) => {
      await lastValueFrom(this.transformToObservable(await handler(messages)), { defaultValue: undefined });
    };
  }
}
