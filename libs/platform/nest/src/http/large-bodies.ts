import type { EventEmitter } from 'node:events';
import { CofferError } from '@coffer/kernel';
import { DATA_PLANE_LIMIT } from './body.js';

/** Each takes several times its size while it is read, and a service may have half a gigabyte. */
const AT_A_TIME = 2;

/** Of the process: bodies that are larger than those of ordinary requests. */
let running = 0;

/**
 * Lets a request in whose operation takes large bodies, until its response closes; one that says that it has a small one
 * always. Throws Throttled.
 */
export function admitLargeBody(contentLength: string | undefined, response: Pick<EventEmitter, 'once'>): void {
  // Without a length (chunked) it may become anything.
  if (contentLength !== undefined && Number(contentLength) <= DATA_PLANE_LIMIT) return;
  if (running >= AT_A_TIME) {
    throw new CofferError('Throttled', 'Too many large requests at a time.', { retryAfterSeconds: 1 });
  }
  running += 1;
  response.once('close', () => {
    running -= 1;
  });
}
