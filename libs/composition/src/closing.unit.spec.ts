import { Closing } from './closing.js';

describe('closing', () => {
  it('undoes in the reverse order, each step after the one before has ended', async () => {
    const order: string[] = [];
    const closing = new Closing();
    for (const name of ['database', 'service', 'listener']) {
      closing.add(async () => {
        await Promise.resolve();
        order.push(name);
      });
    }
    await Promise.all([closing.close(), closing.close()]);
    expect(order).toEqual(['listener', 'service', 'database']);
  });

  it('goes on after a step that failed, and tells of it at the end', async () => {
    const order: string[] = [];
    const closing = new Closing();
    closing.add(() => Promise.resolve(order.push('database')));
    closing.add(() => Promise.reject(new Error('stuck')));
    await expect(closing.close()).rejects.toThrow('stuck');
    expect(order).toEqual(['database']);
  });
});
