import { Barrier } from './barrier.js';

const LEASE_MS = 300;

/** A turn of the event loop that takes long: cryptography, a collection of garbage, a processor that others use. */
function stall(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe('Barrier', () => {
  it('waits for the whole of a lease also when it begins late in a long turn of the event loop', async () => {
    const barrier = new Barrier(
      () => Promise.resolve(0),
      () => LEASE_MS,
    );
    await new Promise(setImmediate);
    stall(LEASE_MS);
    const began = performance.now();
    await barrier.wait(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(LEASE_MS);
    barrier.close();
  });

  it('waits for a longer lease that it learns of while it waits', async () => {
    let longest = LEASE_MS / 3;
    const barrier = new Barrier(
      () => {
        longest = LEASE_MS;
        return Promise.resolve(0);
      },
      () => longest,
    );
    const began = performance.now();
    await barrier.wait(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(LEASE_MS);
    barrier.close();
  });

  it('does not take what was read before a change was written for an acknowledgement of it', async () => {
    const reads: ((reached: number) => void)[] = [];
    const barrier = new Barrier(
      () =>
        new Promise((resolve) => {
          reads.push(resolve);
        }),
      () => 60_000,
    );
    const done: number[] = [];
    const first = barrier.wait(1).then(() => done.push(1));
    const second = barrier.wait(2).then(() => done.push(2));
    reads[0]?.(Number.POSITIVE_INFINITY); // as where nobody had a lease yet
    await first;
    expect(done).toEqual([1]);
    reads[1]?.(2);
    await second;
    barrier.close();
  });
});
