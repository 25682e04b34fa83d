import type { FeedMessage } from '@coffer/event-sourcing';
import { CofferError } from '@coffer/kernel';

export type Handle = (messages: readonly FeedMessage[]) => Promise<void>;

export interface RetryPolicy {
  readonly firstMs: number;
  readonly onError: (error: unknown, group: string) => void;
}

export interface Member {
  readonly topics: ReadonlySet<string>;
  readonly handle: Handle;
  /** Deliveries under way. */
  readonly running: Set<Promise<void>>;
  stopped: boolean;
}

/** Messages of one key that one call published. */
interface Part {
  readonly messages: readonly FeedMessage[];
  readonly handled: () => void;
  readonly refused: (error: Error) => void;
}

/** Messages of one topic and key, in order; one delivery at a time. */
interface Lane {
  readonly id: string;
  readonly topic: string;
  readonly parts: Part[];
  failures: number;
}

/** Keys that one member handles at a time. */
const KEYS_AT_A_TIME = 4;
const MAX_BACK_OFF_FACTOR = 100;

/**
 * Subscribers that share the work: each key's messages go to whichever member has a hand free, one delivery of a key at a
 * time, so that they stay in order. A key whose handler fails waits and comes again; other keys go on.
 */
export class Group {
  #members: Member[] = [];
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that wait for a member, longest first. */
  readonly #ready = new Set<Lane>();

  constructor(
    private readonly name: string,
    private readonly retry: RetryPolicy,
  ) {}

  join(topics: ReadonlySet<string>, handle: Handle): Member {
    const member: Member = { topics, handle, running: new Set(), stopped: false };
    this.#members.push(member);
    this.#dispatch();
    return member;
  }

  /** Resolves when the member's running deliveries have ended; what waits goes to the others, or is refused. */
  async leave(member: Member): Promise<void> {
    member.stopped = true;
    this.#members = this.#members.filter((other) => other !== member);
    await Promise.all(member.running);
    for (const lane of this.#lanes.values()) {
      if (this.takes(lane.topic)) continue;
      this.#lanes.delete(lane.id);
      this.#ready.delete(lane);
      for (const { refused } of lane.parts.splice(0)) refused(this.#left());
    }
  }

  takes(topic: string): boolean {
    return this.#members.some((member) => member.topics.has(topic));
  }

  /** Resolves when every message of the group's topics is handled; rejects when the last member left before. */
  async deliver(messages: readonly FeedMessage[]): Promise<void> {
    const byLane = new Map<string, FeedMessage[]>();
    for (const message of messages) {
      if (!this.takes(message.topic)) continue;
      const lane = JSON.stringify([message.topic, message.key]);
      const part = byLane.get(lane);
      if (part === undefined) byLane.set(lane, [message]);
      else part.push(message);
    }
    const handled = [...byLane].map(([id, part]) => this.#enqueue(id, part));
    this.#dispatch();
    await Promise.all(handled);
  }

  #enqueue(id: string, messages: readonly FeedMessage[]): Promise<void> {
    let lane = this.#lanes.get(id);
    if (lane === undefined) {
      lane = { id, topic: messages[0]?.topic ?? '', parts: [], failures: 0 };
      this.#lanes.set(id, lane);
      this.#ready.add(lane);
    }
    const { parts } = lane;
    return new Promise((handled, refused) => {
      parts.push({ messages, handled, refused });
    });
  }

  #dispatch(): void {
    for (const lane of this.#ready) {
      const member = this.#freest(lane.topic);
      if (member === undefined) continue;
      this.#ready.delete(lane);
      const running = this.#handle(member, lane).finally(() => {
        member.running.delete(running);
        this.#dispatch();
      });
      member.running.add(running);
    }
  }

  #freest(topic: string): Member | undefined {
    const able = this.#members.filter((m) => m.topics.has(topic) && m.running.size < KEYS_AT_A_TIME);
    return able.sort((a, b) => a.running.size - b.running.size)[0];
  }

  async #handle(member: Member, lane: Lane): Promise<void> {
    const part = lane.parts[0];
    if (part === undefined) return;
    try {
      await member.handle(part.messages);
      lane.parts.shift();
      lane.failures = 0;
      part.handled();
      this.#continue(lane);
    } catch (error) {
      this.retry.onError(error, this.name);
      lane.failures += 1;
      const pause = this.retry.firstMs * Math.min(2 ** (lane.failures - 1), MAX_BACK_OFF_FACTOR);
      setTimeout(() => {
        this.#continue(lane);
        this.#dispatch();
      }, pause);
    }
  }

  /** The lane's next part waits for a member; an empty lane is forgotten. */
  #continue(lane: Lane): void {
    if (this.#lanes.get(lane.id) !== lane) return;
    if (lane.parts.length > 0) this.#ready.add(lane);
    else this.#lanes.delete(lane.id);
  }

  #left(): CofferError {
    const text = `The last subscriber of ${this.name} has left before it handled the messages.`;
    return new CofferError('ServiceUnavailable', text, { retryAfterSeconds: 1 });
  }
}
