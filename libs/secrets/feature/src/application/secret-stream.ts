import { streamIdOf } from '@coffer/event-sourcing';

export const SECRET = 'secret';

/** Stream of one incarnation of a secret. */
export function secretStreamId(objectId: string): string {
  return streamIdOf(SECRET, objectId);
}

export function objectIdOf(streamId: string): string {
  return streamId.slice(SECRET.length + 1);
}
