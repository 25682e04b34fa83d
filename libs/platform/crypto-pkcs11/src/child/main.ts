/**
 * The process that a PKCS #11 module runs in: it may hang or crash without harm to the one that serves requests. Takes an
 * Opening, then Tasks, one at a time; gives a Reply to each. Ends with its parent.
 */
import type { Opening, Reply, Task } from '../protocol.js';
import { judge } from './failures.js';
import { Worker } from './worker.js';

let worker: Worker | undefined;
let maxMemory = Infinity;

// Signals of a terminal go to the whole group; what ends this process is its parent, when nothing needs it any more.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

process.on('disconnect', () => {
  try {
    worker?.close();
  } finally {
    process.exit(0);
  }
});

process.on('message', (message: Opening | Task) => {
  process.send?.('op' in message ? perform(message) : open(message));
});

function open(opening: Opening): Reply {
  try {
    worker = new Worker(opening);
    maxMemory = process.memoryUsage.rss() + opening.maxGrowth;
    return { value: undefined };
  } catch (error) {
    const { verdict, code } = judge(error);
    return { failure: verdict === 'pin' ? 'pin' : 'lost', code };
  } finally {
    opening.pin.fill(0);
  }
}

function perform(task: Task): Reply {
  const reply = worker?.do(task) ?? { failure: 'lost', code: 'CKR_CRYPTOKI_NOT_INITIALIZED' };
  return process.memoryUsage.rss() > maxMemory ? { ...reply, worn: true } : reply;
}
