import {
  ConcurrencyConflict,
  type AppendRequest,
  type AppendResult,
  type EventMeta,
  type EventStore,
  type NewEvent,
} from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';

export const aMeta: EventMeta = { actor: { oid: 'oid-1' }, correlationId: 'correlation-1', region: 'local' };

export function anEvent(type = 'ThingDone', data: unknown = {}): NewEvent {
  return { eventId: newId(), type, schemaVersion: 1, data };
}

/** An append of one event to one stream; `facts` replace what a test is about. */
export function anAppend(facts: Partial<AppendRequest> = {}, streamId = `thing-${newId()}`): AppendRequest {
  return {
    vaultId: 'vault-1',
    streams: [{ streamId, expectedVersion: 0, events: [anEvent()] }],
    meta: aMeta,
    recordedAt: 1_800_000_000_123,
    commandId: newId(),
    ...facts,
  };
}

/** Appends one event to a stream as often as other writers are faster; each time on the version just loaded. */
export async function appendRetrying(
  store: EventStore,
  vaultId: string,
  streamId: string,
  event: NewEvent,
): Promise<AppendResult> {
  for (;;) {
    const expectedVersion = (await store.load(streamId)).length;
    const streams = [{ streamId, expectedVersion, events: [event] }];
    try {
      return await store.append(anAppend({ vaultId, streams, commandId: event.eventId }));
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
    }
  }
}
