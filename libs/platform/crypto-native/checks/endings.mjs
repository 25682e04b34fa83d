/**
 * `node endings.mjs`: worker threads and at last this process end while signatures are under way. Passes by ending with 0;
 * whatever is wrong with the life of a key or of its work ends it by a signal.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const addon = createRequire(import.meta.url)(fileURLToPath(new URL('../dist/signer.node', import.meta.url)));

function begin(der, count) {
  const key = addon.load(der);
  for (let i = 0; i < count; i += 1) addon.signDigest(key, 'RS256', Buffer.alloc(32, i)).catch(() => undefined);
  addon.release(key);
}

if (isMainThread) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  for (let i = 0; i < 10; i += 1) {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: new Uint8Array(der) });
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
  }
  begin(der, 50);
  process.exit(0);
} else {
  begin(workerData, 50);
  parentPort.postMessage('begun');
}
