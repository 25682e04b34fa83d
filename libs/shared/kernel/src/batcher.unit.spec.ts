import { Batcher } from './batcher.js';

/** A batcher whose batches end when the test says so. */
function setUp(): {
  batcher: Batcher<number, string>;
  batches: { keys: readonly number[]; end(error?: Error): void }[];
} {
  const batches: { keys: readonly number[]; end(error?: Error): void }[] = [];
  const batcher = new Batcher<number, string>(
    (keys) =>
      new Promise((resolve, reject) => {
        batches.push({
          keys,
          end: (error) => {
            if (error === undefined) resolve(keys.map((key) => `value ${key}`));
            else reject(error);
          },
        });
      }),
  );
  return { batcher, batches };
}

describe('Batcher', () => {
  it('asks at once when nothing is under way', async () => {
    const { batcher, batches } = setUp();
    const value = batcher.ask(1);
    expect(batches.map(({ keys }) => keys)).toEqual([[1]]);
    batches[0]?.end();
    expect(await value).toBe('value 1');
  });

  it('asks together what came while a batch was under way, and gives each its own answer', async () => {
    const { batcher, batches } = setUp();
    const values = [1, 2, 3].map((key) => batcher.ask(key));
    batches[0]?.end();
    await values[0];
    expect(batches.map(({ keys }) => keys)).toEqual([[1], [2, 3]]);
    batches[1]?.end();
    expect(await Promise.all(values)).toEqual(['value 1', 'value 2', 'value 3']);
  });

  it('limits the size of a batch', async () => {
    const { batcher, batches } = setUp();
    const values = Array.from({ length: 100 }, (_, key) => batcher.ask(key));
    for (let i = 0; i < 3; i += 1) {
      batches[i]?.end();
      await values[i === 0 ? 0 : i * 50];
    }
    expect(batches.map(({ keys }) => keys.length)).toEqual([1, 64, 35]);
    expect(await values[99]).toBe('value 99');
  });

  it('fails those of a failed batch only, also when the answer fails before it begins', async () => {
    const { batcher, batches } = setUp();
    const first = batcher.ask(1);
    const second = batcher.ask(2);
    batches[0]?.end(new Error('away'));
    await expect(first).rejects.toThrow('away');
    batches[1]?.end();
    expect(await second).toBe('value 2');
    const broken = new Batcher<number, string>(() => {
      throw new Error('at once');
    });
    await expect(broken.ask(1)).rejects.toThrow('at once');
    await expect(broken.ask(1)).rejects.toThrow('at once');
  });
});
