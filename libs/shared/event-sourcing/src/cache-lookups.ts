/** How often a cache was asked for a value, by what came of it. */
export interface CacheLookups {
  /** From memory. */
  hit: number;
  /** By a load that another request had begun. */
  joined: number;
  /** By a load of its own. */
  miss: number;
  /** By a load of its own, because there was no live lease. */
  unleased: number;
}

const byName = new Map<string, CacheLookups>();

/** The counts of a name, which all caches of that name in this process share. */
export function lookupsOf(name: string): CacheLookups {
  let lookups = byName.get(name);
  if (lookups === undefined) byName.set(name, (lookups = { hit: 0, joined: 0, miss: 0, unleased: 0 }));
  return lookups;
}

/** Of every cache since the start of the process, by name. */
export function cacheLookups(): ReadonlyMap<string, Readonly<CacheLookups>> {
  return byName;
}
