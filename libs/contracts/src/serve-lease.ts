import type { Change, ChangeHub } from './change-hub.js';
import type { LeaseCall, NumberedChange } from './lease-stream.js';
import { CofferError } from '@coffer/kernel';

interface Unacknowledged {
  readonly number: number;
  readonly seq: number;
}

/**
 * Serves one lease stream of an owner: changes that concern the holder are numbered from 1 and sent, each request is
 * answered with a grant, and the hub is told what the holder has applied. Resolves when the holder ends the stream. Throws
 * ServiceUnavailable when this instance has no lease to share: the holder then tries another one.
 */
export async function serveLease<C extends NumberedChange>(
  hub: ChangeHub,
  call: LeaseCall<C>,
  /** The change as the holder is told of it; undefined when it does not concern holders. */
  changeOf: (change: Change) => Omit<C, 'number'> | undefined,
): Promise<void> {
  let number = 0;
  let seen = hub.appliedSeq();
  let settling = false;
  const pending: Unacknowledged[] = [];
  const applied = () => (pending[0] === undefined ? seen : pending[0].seq - 1);
  const holder = hub.open((change) => {
    seen = change.seq;
    const what = changeOf(change);
    if (what !== undefined) {
      number += 1;
      pending.push({ number, seq: change.seq });
      call.send({ changes: [{ ...what, number } as unknown as C], leaseMilliseconds: 0 });
    }
    if (settling) return;
    settling = true;
    // Several changes may have one number: when all of them are here.
    queueMicrotask(() => {
      settling = false;
      holder.acknowledge(applied());
    });
  });
  try {
    for await (const upTo of call.requests) {
      while (pending[0] !== undefined && pending[0].number <= upTo) pending.shift();
      const leaseMilliseconds = holder.renew(applied());
      if (leaseMilliseconds <= 0) throw new CofferError('ServiceUnavailable', 'This instance has no lease to share.');
      call.send({ changes: [], leaseMilliseconds });
    }
  } finally {
    holder.close();
  }
}
