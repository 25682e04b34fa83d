import { insideKafkajs } from './kafkajs-inside.js';

interface RequestQueue {
  readonly pending: readonly unknown[];
  /** Milliseconds since the epoch until which the broker wants no requests; -1 when it has not asked. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

/**
 * The client library looks for requests that wait in a queue with a timer that begins itself anew for ever, every
 * millisecond and for every connection, whether any request waits or not: an idle service costs 3 % of a core. Here the
 * timer runs only while there is something to look for; a queue that fills is looked at by who fills it.
 */
export function quietRequestQueues(): void {
  const queue = insideKafkajs('network/requestQueue') as { readonly prototype: RequestQueue } | undefined;
  if (queue === undefined) return;
  const { prototype } = queue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
