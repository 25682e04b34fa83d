import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CofferError } from '@coffer/kernel';
import { ModuleProcess, type ModuleProcessOptions, type ModuleState } from './module-process.js';
import type { Task } from './protocol.js';
import { RefusedPin } from './refused-pin.js';

/*
 * What is not the module's but the process's: hanging, ending, refusing. The script does as the number of key bits says; with a
 * file named `broken` beside it, it does not open.
 */
const SCRIPT = `
import { appendFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (!('op' in message)) {
    appendFileSync(here('starts'), '.');
    const pin = Buffer.from(message.pin).toString();
    if (pin !== 'right') process.send({ failure: 'pin', code: 'CKR_PIN_INCORRECT' });
    else if (existsSync(here('broken'))) process.send({ failure: 'lost', code: 'CKR_TOKEN_NOT_PRESENT' });
    else process.send({ value: undefined });
  } else if (message.id === 1) process.exit(3);
  else if (message.id === 2) return;
  else if (message.id === 3) process.send({ failure: 'lost', code: 'CKR_DEVICE_ERROR' });
  else if (message.id === 4) process.send({ failure: 'unsupported', code: 'CKR_MECHANISM_INVALID' });
  else if (message.id === 5) setTimeout(() => process.send({ value: Buffer.from('late') }), 100);
  else if (message.id === 7) process.send({ value: undefined, worn: true });
  else process.send({ value: Buffer.from(String(process.env.COFFER_SECRET)) });
});
`;
const task = (id: number): Task => ({ op: 'forget', id });
const [ends, hangs, breaks, cannot, slow, fine, wears] = [1, 2, 3, 4, 5, 6, 7].map(task) as [
  ...[Task, Task, Task, Task, Task, Task, Task],
];
const unavailable = { code: 'ServiceUnavailable', details: { retryAfterSeconds: expect.any(Number) as number } };

let directory: string;
let states: ModuleState[];
let running: ModuleProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'coffer-module-'));
  await Promise.all([writeFile(at('script.mjs'), SCRIPT), writeFile(at('pin'), 'right\r\n')]);
  states = [];
});
afterEach(async () => {
  await running?.close();
  await rm(directory, { recursive: true });
});

const at = (name: string) => path.join(directory, name);

function started(options: Partial<ModuleProcessOptions> = {}): ModuleProcess {
  running = new ModuleProcess({
    module: '/nowhere',
    token: 'token',
    pinFile: at('pin'),
    deadlineMs: 10_000,
    maxPending: 100,
    refusedPin: new RefusedPin(),
    onState: (state) => states.push(state),
    script: at('script.mjs'),
    ...options,
  });
  return running;
}

const starts = async () =>
  (await import('node:fs/promises')).readFile(at('starts'), 'utf8').then((text) => text.length);

async function recovered(module: ModuleProcess): Promise<void> {
  const until = performance.now() + 30_000;
  for (;;) {
    try {
      await module.run(fine);
      return;
    } catch (error) {
      expect(error).toMatchObject(unavailable);
      if (performance.now() > until) throw error;
      await sleep(20);
    }
  }
}

describe('a module in a process of its own', () => {
  it.each([
    ['ends', ends, 10_000, /ended|exit 3/],
    ['hangs', hangs, 2_000, /^the deadline passed$/],
    ['says that its device has failed', breaks, 10_000, /^CKR_DEVICE_ERROR$/],
  ])('that %s costs one answer, and starts again', async (_, bad, deadlineMs, reason) => {
    const module = started({ deadlineMs });
    await module.run(fine);
    const [first, second] = await Promise.allSettled([module.run(bad), module.run(fine)]);
    expect(first).toMatchObject({ status: 'rejected', reason: unavailable });
    expect(second.status).toBe('fulfilled');
    const [, lost] = states;
    expect(states.map(({ state }) => state)).toEqual(['ready', 'lost', 'ready']);
    expect(lost).toMatchObject({
      reason: expect.stringMatching(reason) as string,
    });
  });

  it('that fails again and again is started more and more rarely, and said to be lost once', async () => {
    await writeFile(at('broken'), '');
    const module = started();
    const until = performance.now() + 2_000;
    while (performance.now() < until) {
      await expect(module.run(fine)).rejects.toMatchObject(unavailable);
      await sleep(10);
    }
    const tries = await starts();
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(8);
    await rm(at('broken'));
    await recovered(module);
    expect(states.map(({ state }) => state)).toEqual(['lost', 'ready']);
  });

  it('is not given a PIN again that it has refused', async () => {
    await writeFile(at('pin'), 'wrong');
    const module = started();
    for (let i = 0; i < 20; i += 1) {
      await expect(module.run(fine)).rejects.toMatchObject(unavailable);
      await sleep(20);
    }
    expect(await starts()).toBe(1);
    await writeFile(at('pin'), 'right');
    await recovered(module);
    expect(states).toMatchObject([{ state: 'lost', reason: 'CKR_PIN_INCORRECT' }, { state: 'ready' }]);
  });

  it('is not given a PIN either that another process of the token has seen refused', async () => {
    await writeFile(at('pin'), 'wrong');
    const refusedPin = new RefusedPin();
    const other = started({ refusedPin });
    await expect(other.run(fine)).rejects.toMatchObject(unavailable);
    await expect(started({ refusedPin }).run(fine)).rejects.toMatchObject(unavailable);
    expect(await starts()).toBe(1);
  });

  it('does not let a hang be waited for by everybody', async () => {
    const module = started({ deadlineMs: 2_000 });
    await module.run(fine);
    const results = await Promise.allSettled([hangs, hangs, fine, fine].map((each) => module.run(each)));
    const codes = results.map((result) =>
      result.status === 'rejected' ? (result.reason as CofferError).code : 'good',
    );
    expect(codes).toEqual(['ServiceUnavailable', 'ServiceUnavailable', 'Throttled', 'Throttled']);
    await recovered(module);
  });

  it('waits for a PIN file that is not there yet', async () => {
    await rm(at('pin'));
    const module = started();
    await expect(module.run(fine)).rejects.toMatchObject(unavailable);
    await writeFile(at('pin'), 'right');
    await recovered(module);
  });

  it('that is worn is followed by another, at the cost of no answer', async () => {
    const module = started();
    await Promise.all([fine, wears, fine, wears, wears, fine].map((each) => module.run(each)));
    expect(await starts()).toBe(4);
    expect(states.map(({ state }) => state)).toEqual(['ready']);
  });

  it('gives on what the module cannot do, and runs on', async () => {
    const module = started();
    expect(await module.run(cannot)).toEqual({ failure: 'unsupported', code: 'CKR_MECHANISM_INVALID' });
    await module.run(fine);
    expect(states).toHaveLength(1);
  });

  it('refuses what is too much', async () => {
    const module = started({ maxPending: 3 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => module.run(slow)));
    const throttled = { status: 'rejected', reason: { code: 'Throttled', details: { retryAfterSeconds: 1 } } };
    expect(results).toMatchObject([
      ...Array.from({ length: 3 }, () => ({ status: 'fulfilled' })),
      throttled,
      throttled,
    ]);
    await module.run(fine);
  });

  it('sees no setting of Coffer', async () => {
    process.env['COFFER_SECRET'] = 'hidden';
    try {
      expect(await started().run(fine)).toMatchObject({ value: Buffer.from('undefined') });
    } finally {
      delete process.env['COFFER_SECRET'];
    }
  });

  it('answers nothing any more when it is closed, also what waits', async () => {
    const module = started();
    await module.run(fine);
    const waiting = Promise.allSettled([module.run(slow), module.run(fine)]);
    await module.close();
    const results = [...(await waiting), ...(await Promise.allSettled([module.run(fine)]))];
    expect(results).toMatchObject(results.map(() => ({ status: 'rejected', reason: { code: 'ServiceUnavailable' } })));
  });
});
