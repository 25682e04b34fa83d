/** A run of positions that were published, behind one or more that were not. */
interface Run {
  readonly first: number;
  last: number;
  /** Monotonic milliseconds. */
  readonly seenAt: number;
}

/** Longer than any transaction lives: one that idles is ended by the server before. */
const GIVE_UP_MS = 120_000;
/** Between two looks from the beginning, for what nothing here foresees. */
const WHOLE_EVERY_MS = 300_000;

/**
 * From where the inbox of audit records is to be read: behind what has been published and deleted, because the database
 * visits each deleted row once more to pass over it. Positions are numbers of a sequence, so that one which is missing
 * belongs to a transaction that is still under way, or was rolled back: nothing behind it is passed until it has come, or
 * can come no more. All of that holds for one database: a session with another one, which may know less, needs a cursor of
 * its own.
 */
export class InboxCursor {
  /** Everything up to here was published, or will not come. */
  #done = 0;
  #runs: Run[] = [];
  #wholeAt = -Infinity;

  /** The position behind which to read. `now`: monotonic milliseconds. `whole`: whatever has been published before. */
  start(now: number, whole: boolean): number {
    return !whole && now - this.#wholeAt < WHOLE_EVERY_MS ? this.#done : 0;
  }

  /** Everything from the beginning to the end has been looked at, beginning at `now`. */
  sawWhole(now: number): void {
    this.#wholeAt = now;
  }

  /** These were published; ascending. */
  published(positions: readonly number[], now: number): void {
    for (const position of positions) this.#add(position, now);
    this.#runs.sort((a, b) => a.first - b.first);
    for (let next = this.#runs[0]; next !== undefined; next = this.#runs[0]) {
      if (next.first > this.#done + 1 && now - next.seenAt < GIVE_UP_MS) return;
      this.#done = Math.max(this.#done, next.last);
      this.#runs.shift();
    }
  }

  #add(position: number, now: number): void {
    if (position <= this.#done) return;
    const before = this.#runs.find((run) => position === run.last + 1);
    if (before === undefined) this.#runs.push({ first: position, last: position, seenAt: now });
    else before.last = position;
  }
}
