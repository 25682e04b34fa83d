import { LRUCache } from 'lru-cache';
import { lookupsOf, type CacheLookups } from './cache-lookups.js';

/** One load and, if it may be kept, the cached value. Requests that use it are counted: it is released after all of them. */
class Entry<V> {
  users = 0;
  /** Out of the cache, or never in it: the value goes with the last user. */
  retired = false;
  value: V | undefined;
  /** Streams that were written while the load ran. */
  readonly written = new Set<string>();

  constructor(
    readonly vaultId: string,
    readonly cacheKey: string,
    readonly load: Promise<V | undefined>,
    /** May be joined and, once loaded, kept. */
    public shared: boolean,
  ) {}
}

export interface LeasedCacheOptions<Ref, V> {
  /** What its lookups are counted under (cache-lookups.ts); default: the name of its class. */
  readonly name?: string;
  /** `undefined` when there is nothing of this name; that is never remembered. */
  readonly load: (ref: Ref) => Promise<V | undefined>;
  /** Unique over all vaults. */
  readonly keyOf: (ref: Ref) => string;
  readonly vaultOf: (ref: Ref) => string;
  /** Streams whose writing makes the value out of date. */
  readonly streamsOf: (value: V) => readonly string[];
  /** Called once per loaded value, when it has left the cache and its last user has ended. */
  readonly release?: (value: V) => void;
  readonly lease: { live(): boolean; onLapse?(listener: () => void): void };
  /** Values held in memory. */
  readonly capacity?: number;
  /** Bounds the memory of values that differ in size; `of` is at least 1. */
  readonly bytes?: { readonly max: number; readonly of: (value: V) => number };
}

const CAPACITY = 10_000;

/**
 * Values read from this service's own database, ready for the hot path. Serves from memory under a live lease only;
 * without one every request loads for itself (architecture, rule 8). A write to a value's stream drops it here before
 * the writer's caller is answered (rule 7): a load that was running then is used by those who already wait for it, but
 * neither kept nor joined by anyone who comes later.
 */
export class LeasedCache<Ref, V> {
  readonly #cached: LRUCache<string, Entry<V>>;
  /** Loads that later requests for the same value may join. */
  readonly #joinable = new Map<string, Entry<V>>();
  readonly #running = new Set<Entry<V>>();
  readonly #keysOfStream = new Map<string, Set<string>>();
  readonly #lookups: CacheLookups;

  constructor(private readonly options: LeasedCacheOptions<Ref, V>) {
    this.#lookups = lookupsOf(options.name ?? new.target.name);
    options.lease.onLapse?.(() => {
      this.clear();
    });
    this.#cached = new LRUCache({
      max: options.capacity ?? CAPACITY,
      ...sizing(options.bytes),
      dispose: (entry) => {
        this.#onDropped(entry);
      },
    });
  }

  /** Runs `work` with the value; it is not released before `work` ends. `undefined` when there is no such value. */
  async use<T>(ref: Ref, work: (value: V) => Promise<T>): Promise<T | undefined> {
    const entry = this.#enter(ref);
    entry.users += 1;
    try {
      const value = entry.value ?? (await entry.load);
      return value === undefined ? undefined : await work(value);
    } finally {
      entry.users -= 1;
      this.#releaseIfLast(entry);
    }
  }

  /** The value, for caches without `release`: nothing keeps it from being released while the caller holds it. */
  get(ref: Ref): Promise<V | undefined> {
    return this.#enter(ref).load;
  }

  /** The value if it is in memory and the lease is live; for synchronous use, before the caller's next `await`. */
  peek(ref: Ref): V | undefined {
    return this.#live() ? this.#cached.get(this.options.keyOf(ref))?.value : undefined;
  }

  /** Forgets the values of these streams; call after every attempt to append to them. */
  invalidate(vaultId: string, streamIds: readonly string[]): void {
    for (const streamId of streamIds) {
      for (const cacheKey of [...(this.#keysOfStream.get(streamId) ?? [])]) this.#cached.delete(cacheKey);
    }
    // Which stream a running load will find is not known yet: nobody may join it any more, whatever was written.
    for (const entry of this.#running) {
      if (entry.vaultId !== vaultId) continue;
      for (const streamId of streamIds) entry.written.add(streamId);
      if (this.#joinable.get(entry.cacheKey) === entry) this.#joinable.delete(entry.cacheKey);
    }
  }

  /** Forgets everything, also what is being loaded. */
  clear(): void {
    for (const entry of this.#running) entry.shared = false;
    this.#joinable.clear();
    this.#cached.clear();
  }

  #live(): boolean {
    const live = this.options.lease.live();
    if (!live) this.#cached.clear();
    return live;
  }

  #enter(ref: Ref): Entry<V> {
    const cacheKey = this.options.keyOf(ref);
    if (!this.#live()) {
      this.#lookups.unleased += 1;
      return this.#start(ref, cacheKey, false);
    }
    const cached = this.#cached.get(cacheKey);
    if (cached !== undefined) {
      this.#lookups.hit += 1;
      return cached;
    }
    const joined = this.#joinable.get(cacheKey);
    this.#lookups[joined === undefined ? 'miss' : 'joined'] += 1;
    return joined ?? this.#start(ref, cacheKey, true);
  }

  #start(ref: Ref, cacheKey: string, shared: boolean): Entry<V> {
    const entry = new Entry(this.options.vaultOf(ref), cacheKey, this.options.load(ref), shared);
    this.#running.add(entry);
    if (shared) this.#joinable.set(cacheKey, entry);
    // Registered before any user awaits the same promise, so the entry is settled when they continue.
    entry.load.then(
      (value) => {
        this.#settle(entry, value);
      },
      () => {
        this.#settle(entry, undefined);
      },
    );
    return entry;
  }

  #settle(entry: Entry<V>, value: V | undefined): void {
    this.#running.delete(entry);
    if (this.#joinable.get(entry.cacheKey) === entry) this.#joinable.delete(entry.cacheKey);
    entry.value = value;
    const streamIds = value === undefined ? [] : this.options.streamsOf(value);
    const overtaken = streamIds.some((streamId) => entry.written.has(streamId));
    if (value === undefined || !entry.shared || overtaken || !this.options.lease.live()) {
      entry.retired = true;
      return;
    }
    this.#cached.set(entry.cacheKey, entry);
    if (this.#cached.peek(entry.cacheKey) !== entry) {
      entry.retired = true; // larger than the whole cache
      return;
    }
    for (const streamId of streamIds) {
      const cacheKeys = this.#keysOfStream.get(streamId) ?? new Set();
      this.#keysOfStream.set(streamId, cacheKeys.add(entry.cacheKey));
    }
  }

  #onDropped(entry: Entry<V>): void {
    entry.retired = true;
    for (const streamId of entry.value === undefined ? [] : this.options.streamsOf(entry.value)) {
      const cacheKeys = this.#keysOfStream.get(streamId);
      cacheKeys?.delete(entry.cacheKey);
      if (cacheKeys?.size === 0) this.#keysOfStream.delete(streamId);
    }
    this.#releaseIfLast(entry);
  }

  #releaseIfLast(entry: Entry<V>): void {
    if (!entry.retired || entry.users > 0 || entry.value === undefined) return;
    const { value } = entry;
    entry.value = undefined;
    this.options.release?.(value);
  }
}

function sizing<V>(bytes: LeasedCacheOptions<unknown, V>['bytes']): {
  maxSize?: number;
  sizeCalculation?: (entry: Entry<V>) => number;
} {
  if (bytes === undefined) return {};
  return { maxSize: bytes.max, sizeCalculation: ({ value }) => (value === undefined ? 1 : bytes.of(value)) };
}
