import type { Readable } from 'node:stream';
import type { ClientDuplexStream, ServerDuplexStream } from '@grpc/grpc-js';
import type { LeaseCall, LeaseReply, LeaseStream, NumberedChange } from '@coffer/contracts';
import { toStatus } from './status.js';

/** `LeaseRequest` and `LeaseReply` of the contracts, which differ in nothing but what a change carries. */
export interface WireRequest {
  readonly appliedChange: number;
}
export interface WireReply<W> {
  readonly changes: readonly W[];
  readonly leaseMilliseconds: number;
}

/** Runs the owner's end of a lease stream on a call; it ends when either side does. */
export async function runLeaseCall<C extends NumberedChange, W>(
  call: ServerDuplexStream<WireRequest, WireReply<W>>,
  serve: (call: LeaseCall<C>) => Promise<void>,
  toWire: (change: C) => W,
): Promise<void> {
  try {
    await serve({
      requests: requestsOf(call),
      send: ({ changes, leaseMilliseconds }) => {
        if (!call.cancelled) call.write({ changes: changes.map(toWire), leaseMilliseconds });
      },
    });
    call.end();
  } catch (error) {
    // Not `destroy`: the library makes the status of this event, and sends it as long as the stream can be written.
    if (!call.cancelled) call.emit('error', Object.assign(new Error('the lease has ended'), toStatus(error)));
  }
}

/** Leaves the call as it is when its reader stops: how it ends is still to be said. */
async function* requestsOf(call: Readable): AsyncGenerator<number> {
  const requests = call.iterator({ destroyOnReturn: false }) as AsyncIterable<WireRequest>;
  for await (const { appliedChange } of requests) yield appliedChange;
}

/** The holder's end of a lease stream over a call. */
export function leaseStreamOf<C extends NumberedChange, W>(
  call: ClientDuplexStream<WireRequest, WireReply<W>>,
  fromWire: (change: W) => C,
): LeaseStream<C> {
  // The iteration tells of an error, too; without a listener it would end the process once nobody iterates any more.
  call.on('error', () => undefined);
  return {
    send: (applied) => {
      if (!call.writableEnded && !call.destroyed) call.write({ appliedChange: applied });
    },
    replies: repliesOf(call, fromWire),
    close: () => {
      call.cancel();
    },
  };
}

async function* repliesOf<C extends NumberedChange, W>(
  call: AsyncIterable<WireReply<W>>,
  fromWire: (change: W) => C,
): AsyncGenerator<LeaseReply<C>> {
  for await (const { changes, leaseMilliseconds } of call) yield { changes: changes.map(fromWire), leaseMilliseconds };
}
