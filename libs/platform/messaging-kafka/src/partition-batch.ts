import type { FeedMessage } from '@coffer/event-sourcing';
import type { EachBatchPayload } from 'kafkajs';
import { fromRecord } from './codec.js';
import type { FeedObserver, FeedReports } from './observer.js';

export type Handle = (messages: readonly FeedMessage[]) => Promise<void>;

export interface BatchContext extends FeedReports {
  readonly group: string;
  readonly handle: Handle;
  readonly observer: FeedObserver;
  readonly isStopping: () => boolean;
  /** Notes that everything before the offset is done. */
  readonly commit: (offset: bigint) => Promise<void>;
}

/** Messages of one call of the handler. */
const SLICE = 500;
const HEARTBEAT_MS = 1_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Gives one partition's batch to the handler, slice by slice: offsets move when the handler has done a slice, the same slice
 * comes again when it rejects. Ends between two calls of the handler when the partition is taken away or the group stops.
 */
export async function handleBatch(payload: EachBatchPayload, context: BatchContext): Promise<void> {
  const { batch } = payload;
  const goesOn = () => payload.isRunning() && !payload.isStale() && !context.isStopping();
  const heart = keepBeating(payload);
  try {
    for (let from = 0; from < batch.messages.length && goesOn(); from += SLICE) {
      const records = batch.messages.slice(from, from + SLICE);
      const messages = decode(payload, records, context);
      if (!(await handleSlice(messages, payload, context, () => goesOn() && heart.failure() === undefined))) break;
      const last = records.at(-1)?.offset ?? '0';
      payload.resolveOffset(last);
      context.observer.lag?.(context.group, batch.topic, batch.partition, lagBehind(batch.highWatermark, last));
      const failure = heart.failure();
      if (failure !== undefined) throw failure;
      await context.commit(BigInt(last) + 1n);
    }
  } finally {
    heart.stop();
  }
  const failure = heart.failure();
  if (failure !== undefined) throw failure;
}

/** False when the partition was taken away before the handler could do it. */
async function handleSlice(
  messages: readonly FeedMessage[],
  { batch: { topic } }: EachBatchPayload,
  { group, handle, observer, onError }: BatchContext,
  goesOn: () => boolean,
): Promise<boolean> {
  if (messages.length === 0) return true;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      const work = () => handle(messages);
      await (observer.within?.('process', topic, messages, work) ?? work());
      observer.consumed?.(group, topic, messages.length);
      return true;
    } catch (error) {
      observer.handlerFailed?.(group, topic);
      onError?.(error, group);
    }
    const until = performance.now() + pause;
    while (goesOn() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS));
    if (!goesOn()) return false;
  }
}

function decode(
  { batch: { topic, partition } }: EachBatchPayload,
  records: EachBatchPayload['batch']['messages'],
  { group, observer, onUndecodable }: BatchContext,
): FeedMessage[] {
  return records.flatMap((record) => {
    try {
      return [fromRecord(topic, record)];
    } catch (error) {
      observer.undecodable?.(group, topic);
      onUndecodable?.({ topic, partition, offset: record.offset, error });
      return [];
    }
  });
}

/** Tells the group that this member lives while a handler runs; a failure (the partition is being moved) is kept for later. */
function keepBeating(payload: EachBatchPayload): { failure(): Error | undefined; stop(): void } {
  let failure: Error | undefined;
  const timer = setInterval(() => {
    payload.heartbeat().catch((error: unknown) => {
      failure ??= error instanceof Error ? error : new Error(String(error));
    });
  }, HEARTBEAT_MS);
  return {
    failure: () => failure,
    stop: () => {
      clearInterval(timer);
    },
  };
}

function lagBehind(highWatermark: string, last: string): number {
  return Math.max(0, Number(BigInt(highWatermark) - BigInt(last)) - 1);
}
