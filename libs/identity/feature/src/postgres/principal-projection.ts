import type { InlineProjection, PendingEvent, SqlClient } from '@coffer/event-sourcing';
import type { PrincipalEvent } from '@coffer/identity-domain';
import { assertNever } from '@coffer/kernel';

type PendingPrincipalEvent = {
  [T in PrincipalEvent['type']]: PendingEvent<Extract<PrincipalEvent, { type: T }>>;
}[PrincipalEvent['type']];

/** Current principals and their passwords; hashes stay sealed. */
export const principalProjection: InlineProjection = {
  name: 'principals',
  tables: ['principals', 'principal_passwords', 'first_administrator'],
  handles: new Set<PrincipalEvent['type']>([
    'PrincipalCreated',
    'PrincipalPasswordAdded',
    'PrincipalPasswordRemoved',
    'PrincipalDeleted',
  ]),
  async apply(client, events) {
    for (const event of events as readonly PendingPrincipalEvent[]) await applyOne(client, event);
  },
};

async function applyOne(client: SqlClient, event: PendingPrincipalEvent): Promise<void> {
  switch (event.type) {
    case 'PrincipalCreated':
      return created(client, event);
    case 'PrincipalPasswordAdded':
      return passwordAdded(client, event);
    case 'PrincipalPasswordRemoved':
      await client.query('DELETE FROM principal_passwords WHERE object_id = $1 AND key_id = $2', [
        event.data.objectId,
        event.data.keyId,
      ]);
      return;
    case 'PrincipalDeleted':
      await client.query('DELETE FROM principal_passwords WHERE object_id = $1', [event.data.objectId]);
      await client.query('DELETE FROM principals WHERE object_id = $1', [event.data.objectId]);
      return;
    default:
      assertNever(event);
  }
}

async function created(
  client: SqlClient,
  { data }: Extract<PendingPrincipalEvent, { type: 'PrincipalCreated' }>,
): Promise<void> {
  await client.query('INSERT INTO principals (object_id, app_id, display_name, created_at) VALUES ($1, $2, $3, $4)', [
    data.objectId,
    data.appId,
    data.displayName,
    data.createdDateTime,
  ]);
  if (data.administrator === true) {
    // Unique: of two first starts at once, one fails here and finds the other's administrator.
    await client.query('INSERT INTO first_administrator (object_id, app_id) VALUES ($1, $2)', [
      data.objectId,
      data.appId,
    ]);
  }
}

async function passwordAdded(
  client: SqlClient,
  { data, sealed }: Extract<PendingPrincipalEvent, { type: 'PrincipalPasswordAdded' }>,
): Promise<void> {
  await client.query(
    `INSERT INTO principal_passwords (object_id, key_id, start_date_time, end_date_time, sealed)
     VALUES ($1, $2, $3, $4, $5)`,
    [data.objectId, data.keyId, data.startDateTime, data.endDateTime ?? null, sealed ?? ''],
  );
}
