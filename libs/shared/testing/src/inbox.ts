import type { FeedMessage } from '@coffer/event-sourcing';

/** Collects what a subscriber is given, and lets a test wait for it instead of sleeping. */
export class Inbox {
  readonly messages: FeedMessage[] = [];
  readonly #waiting = new Set<() => void>();

  readonly take = (messages: readonly FeedMessage[]): Promise<void> => {
    this.messages.push(...messages);
    for (const look of this.#waiting) look();
    return Promise.resolve();
  };

  ids(key?: string): string[] {
    return this.messages.filter((message) => key === undefined || message.key === key).map((message) => message.id);
  }

  /** Resolves when what has come satisfies the condition. */
  async until(condition: (messages: readonly FeedMessage[]) => boolean): Promise<void> {
    if (condition(this.messages)) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!condition(this.messages)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  /** Resolves when each of these ids has come at least once. */
  has(ids: readonly string[]): Promise<void> {
    return this.until((messages) => ids.every((id) => messages.some((message) => message.id === id)));
  }
}
