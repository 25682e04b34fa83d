import type { Feed, FeedMessage, FeedSubscription } from '@coffer/event-sourcing';

export interface MemoryFeedOptions {
  /** Told when a handler has rejected; its messages come again. Must not throw. */
  readonly onError?: (error: unknown, group: string) => void;
  /** Milliseconds before the first redelivery; doubles up to 100 times of it. Default 20. */
  readonly retryMs?: number;
}

type Handle = (messages: readonly FeedMessage[]) => Promise<void>;

interface Member {
  readonly topics: ReadonlySet<string>;
  readonly handle: Handle;
  stopped: boolean;
  /** The delivery under way. */
  running: Promise<void>;
}

/** The feed within one process: no storage, the relay's log behind it is the memory. */
export function createMemoryFeed(options: MemoryFeedOptions = {}): Feed {
  return new MemoryFeed(options);
}

class MemoryFeed implements Feed {
  readonly #groups = new Map<string, Member[]>();

  constructor(private readonly options: MemoryFeedOptions) {}

  async publish(messages: readonly FeedMessage[]): Promise<void> {
    await Promise.all([...this.#groups.keys()].map((group) => this.#deliver(group, messages)));
  }

  subscribe(
    options: { readonly topics: readonly string[]; readonly group: string },
    handle: Handle,
  ): Promise<FeedSubscription> {
    const member: Member = { topics: new Set(options.topics), handle, stopped: false, running: Promise.resolve() };
    const members = this.#groups.get(options.group) ?? [];
    this.#groups.set(options.group, [...members, member]);
    return Promise.resolve({
      stop: async () => {
        member.stopped = true;
        const left = (this.#groups.get(options.group) ?? []).filter((other) => other !== member);
        if (left.length === 0) this.#groups.delete(options.group);
        else this.#groups.set(options.group, left);
        await member.running;
      },
    });
  }

  /** The members of a group share the keys; each gets its part in order. */
  async #deliver(group: string, messages: readonly FeedMessage[]): Promise<void> {
    const members = this.#groups.get(group) ?? [];
    const parts = new Map<Member, FeedMessage[]>();
    for (const message of messages) {
      const candidates = members.filter((member) => member.topics.has(message.topic));
      const member = candidates[hash(message.key) % Math.max(1, candidates.length)];
      if (member === undefined) continue;
      const part = parts.get(member) ?? [];
      parts.set(member, part);
      part.push(message);
    }
    await Promise.all([...parts].map(([member, part]) => this.#enqueue(group, member, part)));
  }

  /** One delivery at a time per member, in the order of publishing. */
  #enqueue(group: string, member: Member, part: readonly FeedMessage[]): Promise<void> {
    const delivery = member.running.then(() => this.#untilHandled(group, member, part));
    member.running = delivery.catch(() => undefined);
    return delivery;
  }

  async #untilHandled(group: string, member: Member, part: readonly FeedMessage[]): Promise<void> {
    const first = this.options.retryMs ?? 20;
    for (let pause = first; ; pause = Math.min(pause * 2, first * 100)) {
      if (member.stopped) throw new Error(`the subscriber ${group} stopped before it had handled the messages`);
      try {
        await member.handle(part);
        return;
      } catch (error) {
        this.options.onError?.(error, group);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}

/** FNV-1a; spreads keys over the members of a group. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
