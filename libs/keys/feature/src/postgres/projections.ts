import type { InlineProjection, PendingEvent, SqlClient } from '@coffer/event-sourcing';
import { assertNever } from '@coffer/kernel';
import type { KeyEvent } from '@coffer/keys-domain';
import { nameKey } from '@coffer/wire';
import { objectIdOf } from '../application/key-stream.js';
import { refreshDue } from './key-timers.js';
import * as write from './write-projections.js';

/** A stored event of this aggregate; `type` tells the shape of `data`. */
type Pending = { [E in KeyEvent as E['type']]: PendingEvent<E> }[KeyEvent['type']];

/** After these, another timer of the key may be the next. */
const MOVES_TIMERS = new Set<KeyEvent['type']>([
  'KeyVersionCreated',
  'KeyVersionUpdated',
  'KeyRotationPolicySet',
  'KeyExpiryNotified',
]);

/** Which key holds which name, its latest version and its deletion. */
export const keyCurrentProjection: InlineProjection = {
  name: 'key_current',
  tables: ['key_current'],
  handles: new Set<KeyEvent['type']>([...MOVES_TIMERS, 'KeyDeleted', 'KeyRecovered', 'KeyPurged']),
  apply: async (client, events) => {
    const timed = new Set<string>();
    await inOrder(events, (event) => {
      if (MOVES_TIMERS.has(event.type)) timed.add(objectIdOf(event.streamId));
      return applyCurrent(client, event);
    });
    // By what the rows say in the end, however many events led there.
    for (const objectId of timed) await refreshDue(client, objectId);
  },
};

/** State of every version of every key. */
export const keyVersionsProjection: InlineProjection = {
  name: 'key_versions',
  tables: ['key_versions'],
  handles: new Set<KeyEvent['type']>(['KeyVersionCreated', 'KeyVersionUpdated', 'KeyPurged']),
  apply: (client, events) => inOrder(events, (event) => applyVersions(client, event)),
};

export const keyProjections: readonly InlineProjection[] = [keyCurrentProjection, keyVersionsProjection];

async function inOrder(events: readonly PendingEvent[], apply: (event: Pending) => Promise<void>): Promise<void> {
  // `handles` has selected the types, and this service alone writes them.
  for (const event of events) await apply(event as Pending);
}

async function applyCurrent(client: SqlClient, event: Pending): Promise<void> {
  const objectId = objectIdOf(event.streamId);
  switch (event.type) {
    case 'KeyVersionCreated': {
      if (event.streamVersion > 1) return write.setLatestVersion(client, objectId, event.data);
      const row = { objectId, vaultId: event.vaultId, nameKey: nameKey(event.data.name) };
      return write.insertCurrent(client, row, event.data);
    }
    case 'KeyVersionUpdated':
      return write.changeLatestVersion(client, objectId, event.data);
    case 'KeyRotationPolicySet':
      return write.setRotationPolicy(client, objectId, event.data);
    case 'KeyExpiryNotified':
      return write.setNotified(client, objectId, event.data);
    case 'KeyDeleted':
      return write.setDeleted(client, objectId, event.data.deletedDate, event.data.scheduledPurgeDate);
    case 'KeyRecovered':
      return write.setDeleted(client, objectId, undefined, undefined);
    case 'KeyPurged':
      return write.removeCurrent(client, objectId);
    default:
      return assertNever(event);
  }
}

async function applyVersions(client: SqlClient, event: Pending): Promise<void> {
  const objectId = objectIdOf(event.streamId);
  switch (event.type) {
    case 'KeyVersionCreated':
      return write.insertVersion(client, objectId, event.streamVersion, event.data, event.sealed);
    case 'KeyVersionUpdated':
      return write.updateVersion(client, objectId, event.data, event.sealed);
    case 'KeyPurged':
      return write.removeVersions(client, objectId);
    case 'KeyDeleted':
    case 'KeyRotationPolicySet':
    case 'KeyExpiryNotified':
    case 'KeyRecovered':
      return;
    default:
      return assertNever(event);
  }
}
