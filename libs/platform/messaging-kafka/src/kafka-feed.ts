import type { Feed, FeedMessage, FeedSubscription } from '@coffer/event-sourcing';
import { openKafka, type KafkaConnection, type KafkaLog } from './connection.js';
import { KafkaStrategy } from './kafka-strategy.js';
import type { FeedObserver, FeedReports } from './observer.js';
import { Publisher } from './publisher.js';

export interface KafkaFeedOptions extends FeedReports {
  readonly connection: KafkaConnection;
  /** CloudEvents `source` of what is published: the service's name. */
  readonly source: string;
  readonly log?: KafkaLog;
  readonly observer?: FeedObserver;
}

export interface KafkaFeed extends Feed {
  /** Ends subscriptions that were not stopped, and the producer. */
  close(): Promise<void>;
}

/** The feed over Kafka; nothing is opened before it is needed. Topics must exist (`ensureTopics`). */
export function createKafkaFeed(options: KafkaFeedOptions): KafkaFeed {
  const { connection, source, log = () => undefined, observer = {}, onError, onUndecodable } = options;
  const kafka = openKafka(connection, log);
  const publisher = new Publisher(kafka, source, observer);
  const open = new Set<KafkaStrategy>();
  return {
    publish: (messages) => publisher.publish(messages),
    subscribe: async ({ topics, group }, handle): Promise<FeedSubscription> => {
      const strategy = new KafkaStrategy({
        kafka,
        group,
        observer,
        ...(onError === undefined ? {} : { onError }),
        ...(onUndecodable === undefined ? {} : { onUndecodable }),
      });
      for (const topic of topics)
        strategy.addHandler(topic, (messages: readonly FeedMessage[]) => handle(messages), true);
      await new Promise<void>((resolve) => {
        strategy.listen(resolve);
      });
      open.add(strategy);
      return {
        stop: async () => {
          open.delete(strategy);
          await strategy.close();
        },
      };
    },
    close: async () => {
      await Promise.all([...open].map((strategy) => strategy.close()));
      await publisher.close();
    },
  };
}
