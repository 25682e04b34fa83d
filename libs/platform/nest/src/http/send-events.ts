import { once } from 'node:events';
import type { FastifyReply } from 'fastify';

/** A reader that takes nothing for so long is let go; it may come back with what it has seen last. */
const STALLED_MS = 30_000;

/** Streams that are open, by the server that is asked to end them. */
const open = new Set<AbortController>();

/** Ends every stream; its reader comes back to another instance. */
export function endEventStreams(): void {
  for (const stream of open) stream.abort();
}

/** Sends server-sent events (HTML Living Standard §9.2) as they come, no faster than they are read. */
export function sendEvents(reply: FastifyReply, events: (signal: AbortSignal) => AsyncIterable<string>): FastifyReply {
  reply.hijack();
  const { raw } = reply;
  const stop = new AbortController();
  open.add(stop);
  raw.once('close', () => {
    stop.abort();
  });
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  void pump(raw, events(stop.signal), stop).finally(() => {
    open.delete(stop);
    raw.end();
  });
  return reply;
}

async function pump(raw: FastifyReply['raw'], events: AsyncIterable<string>, stop: AbortController): Promise<void> {
  try {
    for await (const event of events) {
      if (stop.signal.aborted) return;
      if (raw.write(event)) continue;
      await once(raw, 'drain', { signal: AbortSignal.any([stop.signal, AbortSignal.timeout(STALLED_MS)]) });
    }
  } catch {
    // Nobody reads, or the log cannot be read: the reader comes back.
  }
}
