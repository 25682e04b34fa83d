import type { Feed, FeedMessage, FeedSubscription } from '@coffer/event-sourcing';
import { CofferError } from '@coffer/kernel';
import { Group, type Handle, type RetryPolicy } from './group.js';

export interface MemoryFeedOptions {
  /** Told when a handler has rejected; its messages come again. Must not throw. */
  readonly onError?: (error: unknown, group: string) => void;
  /** Milliseconds before the first redelivery; doubles up to 100 times of it. Default 20. */
  readonly retryMs?: number;
  /**
   * Groups without which a topic takes no message (ServiceUnavailable), so that the sender keeps it. A group that is not
   * named and has no subscriber misses what is published meanwhile.
   */
  readonly requiredGroups?: Readonly<Record<string, readonly string[]>>;
}

/** The feed within one process: no storage, the relay's log behind it is the memory. */
export function createMemoryFeed(options: MemoryFeedOptions = {}): Feed {
  return new MemoryFeed(options);
}

class MemoryFeed implements Feed {
  readonly #groups = new Map<string, Group>();
  readonly #retry: RetryPolicy;
  readonly #required: Readonly<Record<string, readonly string[]>>;

  constructor({ onError, retryMs = 20, requiredGroups = {} }: MemoryFeedOptions) {
    this.#retry = { firstMs: retryMs, onError: onError ?? (() => undefined) };
    this.#required = requiredGroups;
  }

  async publish(messages: readonly FeedMessage[]): Promise<void> {
    for (const topic of new Set(messages.map((message) => message.topic))) this.#requireGroups(topic);
    await Promise.all([...this.#groups.values()].map((group) => group.deliver(messages)));
  }

  subscribe(
    { topics, group: name }: { readonly topics: readonly string[]; readonly group: string },
    handle: Handle,
  ): Promise<FeedSubscription> {
    const group = this.#groups.get(name) ?? new Group(name, this.#retry);
    this.#groups.set(name, group);
    const member = group.join(new Set(topics), handle);
    return Promise.resolve({ stop: () => group.leave(member) });
  }

  #requireGroups(topic: string): void {
    const missing = (this.#required[topic] ?? []).find((name) => this.#groups.get(name)?.takes(topic) !== true);
    if (missing === undefined) return;
    throw new CofferError('ServiceUnavailable', `${topic} is not consumed by ${missing} now.`, {
      retryAfterSeconds: 1,
    });
  }
}
