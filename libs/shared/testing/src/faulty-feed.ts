import type { Feed, FeedMessage } from '@coffer/event-sourcing';
import type { Random } from './random.js';

/** Probabilities, from 0 to 1, for each message. */
export interface FeedFaults {
  readonly random: Random;
  /** Comes a second time, later. */
  readonly duplicate?: number;
  /** Comes with a later publication, so that messages of its key overtake it. */
  readonly delay?: number;
  /** Never comes. */
  readonly lose?: number;
  /** Messages of different keys change places; those of one key keep their order among themselves. */
  readonly mixKeys?: boolean;
}

export interface FaultyFeed extends Feed {
  /** Delivers everything that is delayed. */
  flush(): Promise<void>;
}

/** A feed that misbehaves as networks, crashes and operators make it; repeatable from the seed. */
export function faultyFeed(inner: Feed, faults: FeedFaults): FaultyFeed {
  const { random, duplicate = 0, delay = 0, lose = 0, mixKeys = false } = faults;
  let delayed: FeedMessage[] = [];
  return {
    subscribe: (options, handle) => inner.subscribe(options, handle),
    publish: async (messages) => {
      const late = delayed;
      delayed = [];
      const now: FeedMessage[] = [];
      for (const message of messages) {
        if (random.chance(lose)) continue;
        if (random.chance(duplicate)) delayed.push(message);
        if (random.chance(delay)) delayed.push(message);
        else now.push(message);
      }
      const ordered = mixKeys ? mixed(now, random) : now;
      // One call each: whatever is late comes after what has overtaken it.
      await inner.publish(ordered);
      await inner.publish(random.shuffle(late));
    },
    flush: async () => {
      const late = delayed;
      delayed = [];
      await inner.publish(random.shuffle(late));
    },
  };
}

function mixed(messages: readonly FeedMessage[], random: Random): FeedMessage[] {
  const byKey = new Map<string, FeedMessage[]>();
  for (const message of messages) byKey.set(message.key, [...(byKey.get(message.key) ?? []), message]);
  const places = random.shuffle(messages.map((message) => message.key));
  return places.flatMap((key) => byKey.get(key)?.shift() ?? []);
}
