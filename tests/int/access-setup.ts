import { accessMigrations, accessProjections, createAccess, type AccessPorts } from '@coffer/access-feature';
import type { Lease } from '@coffer/contracts';
import type { EventStore } from '@coffer/event-sourcing';
import {
  createEventStore,
  eventStoreMigrations,
  migrate,
  openDatabase,
  type PostgresDatabase,
} from '@coffer/event-store-postgres';
import { systemClock } from '@coffer/kernel';
import { Pager, type Reply } from '@coffer/wire';
import { testContext, testPrincipal, type ContextOptions } from '../support/context.js';
import { createTestDatabase } from '../support/postgres.js';

/** One process of the policy engine, with its own store and connections. */
export interface AccessInstance extends ReturnType<typeof createAccess> {
  readonly database: PostgresDatabase;
  readonly store: EventStore;
  /** Takes its database away for good. */
  cutOff(): Promise<void>;
}

export interface AccessSetup {
  /** The first instance; it alone writes while its lease is live. */
  readonly first: AccessInstance;
  /** One more instance over the same database. */
  another(lease?: Lease): AccessInstance;
  close(): Promise<void>;
}

export const live: Lease = { live: () => true };
export const lapsed: Lease = { live: () => false };

/** A migrated database of its own with the access feature over it. */
export async function accessSetup(lease: Lease = live): Promise<AccessSetup> {
  const test = await createTestDatabase('access');
  const databases = new Set<PostgresDatabase>();
  const open = (): PostgresDatabase => {
    const database = openDatabase({ connection: test.connection });
    databases.add(database);
    return database;
  };
  const another = (itsLease = lapsed): AccessInstance => {
    const database = open();
    const store = createEventStore({ database, projections: accessProjections });
    const pager = new Pager(Buffer.alloc(32, 7));
    const ports: AccessPorts = { database, store, pager, lease: itsLease, clock: systemClock, region: 'local' };
    const cutOff = async () => {
      databases.delete(database);
      await database.close();
    };
    return { database, store, cutOff, ...createAccess(ports) };
  };
  const first = another(lease);
  await migrate(first.database, [eventStoreMigrations, accessMigrations]);
  const close = async () => {
    await Promise.all([...databases].map((database) => database.close()));
    await test.drop();
  };
  return { first, another, close };
}

export const SUBSCRIPTION = '44444444-4444-4444-8444-444444444444';
export const OTHER = '55555555-5555-4555-8555-555555555555';
export const subscription = { subscriptionId: SUBSCRIPTION };
export const group = { ...subscription, resourceGroup: 'rg' };
export const vault = { ...group, vaultName: 'pay' };
export const alice = testPrincipal({ oid: 'aaaaaaaa-0000-4000-8000-000000000001' });

export const bodyOf = (principalId: string, role: string): unknown => ({
  properties: {
    roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    principalId,
    principalType: 'User',
  },
});

export async function put(
  instance: AccessInstance,
  name: string,
  body: unknown,
  params: ContextOptions['params'] = subscription,
): Promise<Reply> {
  const context = testContext('RoleAssignmentPut', { params: { ...params, assignmentName: name } });
  return instance.controller.handlers.RoleAssignmentPut(context, body);
}

export async function remove(
  instance: AccessInstance,
  name: string,
  params: ContextOptions['params'] = subscription,
): Promise<Reply> {
  const context = testContext('RoleAssignmentDelete', { params: { ...params, assignmentName: name } });
  return instance.controller.handlers.RoleAssignmentDelete(context, undefined);
}
