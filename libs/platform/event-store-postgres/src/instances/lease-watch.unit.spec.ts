import { LeaseWatch, MARGIN_MS, type LeaseRow } from './lease-watch.js';

const LEASE_MS = 10_000;
let now: number;
let watch: LeaseWatch;
beforeEach(() => {
  now = 5_000;
  watch = new LeaseWatch(LEASE_MS, () => now);
});

const row = (instanceId: string, renewal: number, acked: number): LeaseRow => ({
  instanceId,
  renewal: String(renewal),
  acked,
});

describe('LeaseWatch', () => {
  it('waits for every lease that it sees for the first time, however old that is', () => {
    expect(watch.acknowledged([row('a', 1, 7), row('b', 2, 3)])).toBe(3);
    now += LEASE_MS + MARGIN_MS;
    expect(watch.acknowledged([row('a', 1, 7), row('b', 2, 3)])).toBe(3);
  });

  it('counts a lease no more that was not renewed for its length and the margin', () => {
    watch.observe([row('a', 1, 7), row('b', 2, 3)]);
    now += LEASE_MS / 2;
    watch.observe([row('a', 3, 7), row('b', 2, 3)]);
    now += LEASE_MS / 2 + MARGIN_MS + 1;
    expect(watch.acknowledged([row('a', 3, 7), row('b', 2, 3)])).toBe(7);
    expect(watch.ended([row('a', 3, 7), row('b', 2, 3)])).toEqual([row('b', 2, 3)]);
  });

  it('counts one that is renewed after all, and one that was away from the table', () => {
    watch.observe([row('a', 1, 3)]);
    now += 2 * LEASE_MS;
    expect(watch.acknowledged([row('a', 1, 3)])).toBe(Infinity);
    expect(watch.acknowledged([row('a', 2, 3)])).toBe(3);
    now += 2 * LEASE_MS;
    watch.observe([]);
    expect(watch.acknowledged([row('a', 2, 3)])).toBe(3);
  });

  it('goes by the length that a lease has, where the instance says it', () => {
    const rows = [
      row('a', 1, 7),
      { ...row('b', 2, 3), leaseMs: 3 * LEASE_MS },
      { ...row('c', 3, 1), leaseMs: LEASE_MS / 2 },
    ];
    expect(watch.acknowledged(rows)).toBe(1);
    expect(watch.longest()).toBe(3 * LEASE_MS);
    now += LEASE_MS / 2 + MARGIN_MS + 1;
    expect(watch.acknowledged(rows)).toBe(3);
    now += 2 * LEASE_MS;
    expect(watch.ended(rows).map(({ instanceId }) => instanceId)).toEqual(['a', 'c']);
    now += LEASE_MS;
    expect(watch.acknowledged(rows)).toBe(Infinity);
    watch.observe([]);
    expect(watch.longest()).toBe(LEASE_MS);
  });

  it('is not held up by anybody when there is no lease', () => {
    expect(watch.acknowledged([])).toBe(Infinity);
  });
});
