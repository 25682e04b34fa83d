import type { InlineProjection, PendingEvent, SqlClient } from '@coffer/event-sourcing';
import { assertNever } from '@coffer/kernel';
import type { KeyEvent } from '@coffer/keys-domain';
import { nameKey } from '@coffer/wire';
import { objectIdOf } from '../application/key-stream.js';
import { refreshDue } from './key-timers.js';
import * as write from './write-projections.js';

/** A stored event of this aggregate; `type` tells the shape of `data`. */
type Pending = { [E in KeyEvent as E['type']]: PendingEvent<E> }[KeyEvent['type']];

/** Which key holds which name, its latest version and its deletion. */
export const keyCurrentProjection: InlineProjection = {
  name: 'key_current',
  tables: ['key_current'],
  handles: new Set<KeyEvent['type']>([
    'KeyVersionCreated',
    'KeyVersionUpdated',
    'KeyRotationPolicySet',
    'KeyExpiryNotified',
    'KeyDeleted',
    'KeyRecovered',
    'KeyPurged',
  ]),
  apply: (client, events) => inOrder(events, (event) => applyCurrent(client, event)),
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
      const { name, version } = event.data;
      if (event.streamVersion === 1) {
        const row = { objectId, vaultId: event.vaultId, nameKey: nameKey(name), name, version };
        await write.insertCurrent(client, row);
      }
      await write.setLatestVersion(client, objectId, event.data);
      return refreshDue(client, objectId);
    }
    case 'KeyVersionUpdated':
      await write.changeLatestVersion(client, objectId, event.data);
      return refreshDue(client, objectId);
    case 'KeyRotationPolicySet':
      await write.setRotationPolicy(client, objectId, event.data);
      return refreshDue(client, objectId);
    case 'KeyExpiryNotified':
      await write.setNotified(client, objectId, event.data);
      return refreshDue(client, objectId);
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
