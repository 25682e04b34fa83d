import { Turnstile } from './turnstile.js';

const KEY = 'a';

/** Tasks that run until they are told to end. */
function gates() {
  const open: (() => void)[] = [];
  const task = () => new Promise<void>((resolve) => open.push(resolve));
  return { open, task };
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a turnstile', () => {
  it('lets so many in at once, the others in their order, and turns away who finds the queue full', async () => {
    const turnstile = new Turnstile(2, 1, 1);
    const { open, task } = gates();
    const [one, two, three] = [turnstile.run(KEY, task), turnstile.run(KEY, task), turnstile.run(KEY, task)];
    await expect(turnstile.run(KEY, task)).rejects.toMatchObject({
      code: 'Throttled',
      details: { retryAfterSeconds: 1 },
    });
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
    const turnstile = new Turnstile(1, 10, 10);
    const results = await Promise.allSettled([
      turnstile.run(KEY, () => Promise.reject(new Error('failed'))),
      turnstile.run(KEY, () => Promise.resolve('second')),
      turnstile.run(KEY, () => {
        throw new Error('at once');
      }),
      turnstile.run(KEY, () => Promise.resolve('fourth')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    await expect(turnstile.run(KEY, () => Promise.resolve('later'))).resolves.toBe('later');
  });

  it('keeps places for others when one key has many waiting, and gives them back', async () => {
    const turnstile = new Turnstile(1, 10, 2);
    const { open, task } = gates();
    const own = [turnstile.run('a', task), turnstile.run('a', task), turnstile.run('a', task)];
    await expect(turnstile.run('a', task)).rejects.toMatchObject({ code: 'Throttled' });
    const other = turnstile.run('b', task);
    for (const at of own.keys()) {
      open[at]?.();
      await own[at];
      await settled();
    }
    const again = [turnstile.run('a', task), turnstile.run('a', task)];
    await expect(turnstile.run('a', task)).rejects.toMatchObject({ code: 'Throttled' });
    for (let at = own.length; at < own.length + 3; at += 1) {
      open[at]?.();
      await settled();
    }
    await expect(Promise.all([other, ...again])).resolves.toHaveLength(3);
  });
});
