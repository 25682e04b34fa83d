import { Turnstile } from './turnstile.js';

/** Tasks that run until they are told to end. */
function gates() {
  const open: (() => void)[] = [];
  const task = () => new Promise<void>((resolve) => open.push(resolve));
  return { open, task };
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a turnstile', () => {
  it('lets so many in at once, the others in their order, and turns away who finds the queue full', async () => {
    const turnstile = new Turnstile(2, 1);
    const { open, task } = gates();
    const [one, two, three] = [turnstile.run(task), turnstile.run(task), turnstile.run(task)];
    await expect(turnstile.run(task)).rejects.toMatchObject({ code: 'Throttled', details: { retryAfterSeconds: 1 } });
    await settled();
    expect(open).toHaveLength(2);
    open[0]?.();
    await one;
    await settled();
    expect(open).toHaveLength(3);
    open[1]?.();
    open[2]?.();
    await Promise.all([two, three]);
  });

  it('gives the place of a failed task to the next, and never loses one', async () => {
    const turnstile = new Turnstile(1, 10);
    const results = await Promise.allSettled([
      turnstile.run(() => Promise.reject(new Error('failed'))),
      turnstile.run(() => Promise.resolve('second')),
      turnstile.run(() => {
        throw new Error('at once');
      }),
      turnstile.run(() => Promise.resolve('fourth')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    await expect(turnstile.run(() => Promise.resolve('later'))).resolves.toBe('later');
  });
});
