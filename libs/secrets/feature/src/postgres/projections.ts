import type { InlineProjection, PendingEvent, SqlClient } from '@coffer/event-sourcing';
import { assertNever } from '@coffer/kernel';
import type { SecretEvent } from '@coffer/secrets-domain';
import { nameKey } from '@coffer/wire';
import { objectIdOf } from '../application/secret-stream.js';
import * as write from './write-projections.js';

/** A stored event of this aggregate; `type` tells the shape of `data`. */
type Pending = { [E in SecretEvent as E['type']]: PendingEvent<E> }[SecretEvent['type']];
type PendingSet = Extract<Pending, { type: 'SecretVersionSet' }>;

/** Which secret holds which name, its latest version and its deletion; the state of every version. */
export const secretsProjection: InlineProjection = {
  name: 'secrets',
  tables: ['secret_current', 'secret_versions'],
  handles: new Set<SecretEvent['type']>([
    'SecretVersionSet',
    'SecretVersionUpdated',
    'SecretDeleted',
    'SecretRecovered',
    'SecretPurged',
  ]),
  // `handles` has selected the types, and this service alone writes them.
  apply: (client, events) => applyInOrder(client, events as readonly Pending[]),
};

export const secretProjections: readonly InlineProjection[] = [secretsProjection];

/** Versions that follow one another are written together: one statement for all the sets of a group of appends. */
async function applyInOrder(client: SqlClient, events: readonly Pending[]): Promise<void> {
  let sets: PendingSet[] = [];
  for (const event of events) {
    if (event.type === 'SecretVersionSet') {
      sets.push(event);
      continue;
    }
    await applySets(client, sets);
    sets = [];
    await applyOther(client, event);
  }
  await applySets(client, sets);
}

async function applySets(client: SqlClient, sets: readonly PendingSet[]): Promise<void> {
  if (sets.length === 0) return;
  const last = new Map(sets.map((event) => [event.streamId, event]));
  await write.insertVersions(
    client,
    sets.map((event) => ({
      objectId: objectIdOf(event.streamId),
      vaultId: event.vaultId,
      nameKey: nameKey(event.data.name),
      ordinal: event.streamVersion,
      data: event.data,
      sealed: event.sealed,
      latest: last.get(event.streamId) === event,
    })),
  );
}

function applyOther(client: SqlClient, event: Exclude<Pending, PendingSet>): Promise<void> {
  const objectId = objectIdOf(event.streamId);
  switch (event.type) {
    case 'SecretVersionUpdated':
      return write.updateVersion(client, objectId, event.data, event.sealed);
    case 'SecretDeleted':
      return write.setDeleted(client, objectId, event.data.deletedDate, event.data.scheduledPurgeDate);
    case 'SecretRecovered':
      return write.setDeleted(client, objectId, undefined, undefined);
    case 'SecretPurged':
      return write.removeSecret(client, objectId);
    default:
      return assertNever(event);
  }
}
