import { streamIdOf } from '@coffer/event-sourcing';

const PREFIX = 'key-';

/** Stream of one incarnation of a key. */
export function keyStreamId(objectId: string): string {
  return streamIdOf('key', objectId);
}

export function objectIdOf(streamId: string): string {
  return streamId.slice(PREFIX.length);
}
