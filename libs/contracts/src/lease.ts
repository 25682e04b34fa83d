/**
 * The right to answer from a cache. While `live()` is true, no other process can have changed this service's state
 * without this process having been told; otherwise read through to the database (architecture, rule 8).
 */
export interface Lease {
  live(): boolean;
}
