import type { FeedMessage } from '@coffer/event-sourcing';

/** Told of what the feed does, for metrics and traces; must not throw. */
export interface FeedObserver {
  /** `milliseconds`: how long the brokers took. */
  published?(topic: string, count: number, milliseconds: number): void;
  /** Does the work, which publishes these messages of a topic or handles them; settles as it does. */
  within?<T>(
    step: 'publish' | 'process',
    topic: string,
    messages: readonly FeedMessage[],
    work: () => Promise<T>,
  ): Promise<T>;
  publishFailed?(topic: string): void;
  consumed?(group: string, topic: string, count: number): void;
  handlerFailed?(group: string, topic: string): void;
  undecodable?(group: string, topic: string): void;
  /** Records between the group's position and the end of the partition. */
  lag?(group: string, topic: string, partition: number, records: number): void;
}

/** What has to be told to a person. Must not throw. */
export interface FeedReports {
  readonly onError?: (error: unknown, group: string) => void;
  /** A record that is no message of ours was skipped. */
  readonly onUndecodable?: (where: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: string;
    readonly error: unknown;
  }) => void;
}
