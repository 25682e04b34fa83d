/** One moment as two clocks show it, milliseconds. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/**
 * Until when a lease may be used. The monotonic clock decides; where the wall clock says that more time has passed, the
 * machine has slept, and its monotonic clock with it. A wall clock that jumps ends the lease early at worst, until it is
 * renewed.
 */
export class LeaseTerm {
  #until: Moment = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

  constructor(
    private readonly monotonic: () => number = () => performance.now(),
    private readonly wall: () => number = () => Date.now(),
  ) {}

  now(): Moment {
    return { monotonic: this.monotonic(), wall: this.wall() };
  }

  /** Never shortens it; `from`: when it was asked for. */
  extend(from: Moment, milliseconds: number): void {
    const monotonic = from.monotonic + milliseconds;
    if (monotonic >= this.#until.monotonic) this.#until = { monotonic, wall: from.wall + milliseconds };
  }

  end(): void {
    this.#until = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };
  }

  live(): boolean {
    return this.monotonic() < this.#until.monotonic && this.wall() < this.#until.wall;
  }

  /** Milliseconds that it still lasts; negative when it has ended. */
  remaining(): number {
    return Math.min(this.#until.monotonic - this.monotonic(), this.#until.wall - this.wall());
  }
}
