import { createLogger } from '@coffer/nest/logging';
import { Closing } from '../closing.js';
import { keepTrying } from './keep-trying.js';

const log = createLogger('silent', 'test');

describe('work that needs other services', () => {
  it('is repeated until it succeeds, once', async () => {
    let tries = 0;
    const closing = new Closing();
    const { done } = keepTrying(
      'the work',
      () => {
        tries += 1;
        return tries < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve();
      },
      log,
      closing,
    );
    await done;
    await closing.close();
    expect(tries).toBe(3);
  });

  it('ends with the process, also in the pause between two tries', async () => {
    const closing = new Closing();
    const failed = Promise.withResolvers<undefined>();
    const { done } = keepTrying(
      'the work',
      () => {
        failed.resolve(undefined);
        return Promise.reject(new Error('never'));
      },
      log,
      closing,
    );
    await failed.promise;
    await closing.close();
    await expect(done).rejects.toThrow('the process stops');
  });

  it('ends with the process, also when a try is under way: its end is awaited', async () => {
    const closing = new Closing();
    const work = Promise.withResolvers<undefined>();
    const { done } = keepTrying('the work', () => work.promise, log, closing);
    let closed = false;
    const close = closing.close().then(() => {
      closed = true;
    });
    await Promise.resolve();
    expect(closed).toBe(false);
    work.reject(new Error('cut off'));
    await close;
    await expect(done).rejects.toThrow('the process stops');
  });
});
