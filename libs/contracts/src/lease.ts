/**
 * The right to answer from a cache. While `live()` is true, no other process can have changed this service's state
 * without this process having been told; otherwise read through to the database (architecture, rule 8).
 */
export interface Lease {
  live(): boolean;
  /** Milliseconds that it still lasts; negative when it has ended. Absent where it has no end while its session lives. */
  remaining?(): number;
  /**
   * `listener` is called when the lease begins anew and what happened meanwhile cannot be told any more: everything kept
   * from before must be forgotten. Must not throw. Absent where a lease, once lost, never misses a change.
   */
  onLapse?(listener: () => void): void;
}
