import { CofferError } from '@coffer/kernel';
import { SigningQueue } from './signing-queue.js';

/** Work that ends when it is told to. */
function controlled() {
  const ends: ((signature: Buffer | Error) => void)[] = [];
  const work = () =>
    new Promise<Buffer>((resolve, reject) => {
      ends.push((outcome) => {
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      });
    });
  return { ends, work };
}

const signature = Buffer.from('signature');
const failed = () => new CofferError('Internal', 'The signature could not be made.');

describe('a queue of signatures', () => {
  it('has no more in the thread pool than its window, and begins the oldest when one ends', async () => {
    const queue = new SigningQueue({ window: 2, maxPending: 10 });
    const { ends, work } = controlled();
    const results = Array.from({ length: 5 }, () => queue.run(work, failed));
    expect(ends).toHaveLength(2);

    for (let i = 0; i < 5; i += 1) {
      ends[i]?.(Buffer.from([i]));
      await results[i];
      expect(ends).toHaveLength(Math.min(5, i + 3));
    }

    expect((await Promise.all(results)).map((bytes) => bytes[0])).toEqual([0, 1, 2, 3, 4]);
  });

  it('refuses what exceeds its bound, and takes more when some are done', async () => {
    const queue = new SigningQueue({ window: 1, maxPending: 3 });
    const { ends, work } = controlled();
    const accepted = Array.from({ length: 3 }, () => queue.run(work, failed));

    await expect(queue.run(work, failed)).rejects.toMatchObject({
      code: 'Throttled',
      details: { retryAfterSeconds: 1 },
    });
    ends[0]?.(signature);
    await accepted[0];
    const later = queue.run(work, failed);

    for (const i of [1, 2, 3]) {
      ends[i]?.(signature);
      await (i === 3 ? later : accepted[i]);
    }
    expect(await later).toBe(signature);
  });

  it('answers failures without their cause, also of work that throws at once, and goes on', async () => {
    const queue = new SigningQueue({ window: 1, maxPending: 3 });
    const failures = [
      () => Promise.reject(new Error('secret')),
      () => {
        throw new Error('secret');
      },
    ];

    for (const failure of failures) {
      const error = await queue.run(failure, failed).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'Internal', message: 'The signature could not be made.' });
      expect((error as Error).cause).toBeUndefined();
    }
    expect(await queue.run(() => Promise.resolve(signature), failed)).toBe(signature);
  });

  it('rejects what waits when it is closed, and everything later; what runs ends', async () => {
    const queue = new SigningQueue({ window: 1, maxPending: 10 });
    const { ends, work } = controlled();
    const running = queue.run(work, failed);
    const waiting = Array.from({ length: 3 }, () => queue.run(work, failed));

    queue.close();

    for (const each of [...waiting, queue.run(work, failed)]) {
      await expect(each).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    }
    ends[0]?.(signature);
    expect(await running).toBe(signature);
    expect(ends).toHaveLength(1);
  });
});
