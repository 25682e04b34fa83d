/** Least-recently-used states of streams, so that a long stream is not replayed for every command. Correctness never depends on it. */
export class StreamCache<State> {
  readonly #entries = new Map<string, { state: State; version: number }>();

  constructor(private readonly capacity: number) {}

  get(streamId: string): { state: State; version: number } | undefined {
    const entry = this.#entries.get(streamId);
    if (entry === undefined) return undefined;
    this.#entries.delete(streamId);
    this.#entries.set(streamId, entry);
    return entry;
  }

  set(streamId: string, entry: { state: State; version: number }): void {
    this.#entries.delete(streamId);
    this.#entries.set(streamId, entry);
    if (this.#entries.size <= this.capacity) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
