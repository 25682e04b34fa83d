import { createEventStore, eventStoreMigrations, migrate, openDatabase } from '@coffer/event-store-postgres';
import { Hosts, Pager } from '@coffer/wire';
import { createVaults, vaultProjections, vaultsMigrations } from '@coffer/vaults-feature';
import { testContext, testTenant, type ContextOptions } from '../support/context.js';
import { createTestDatabase } from '../support/postgres.js';

export const subscriptionId = '44444444-4444-4444-8444-444444444444';

/** Vault management over a database of its own, with a subscription and the groups `one` and `two`. */
export async function vaultsSetup() {
  const test = await createTestDatabase('vaults');
  const database = openDatabase({ connection: test.connection });
  await migrate(database, [eventStoreMigrations, vaultsMigrations]);
  const lease = { isLive: true, live: () => lease.isLive };
  /** One more process over the same database. */
  const open = () => {
    const store = createEventStore({ database, projections: vaultProjections });
    const clock = { now: () => Date.now(), monotonic: () => performance.now() };
    const hosts = new Hosts({ domain: 'localhost', port: 8443 });
    const ports = { database, store, pager: new Pager(Buffer.alloc(32, 1)), lease, clock, region: 'local', hosts };
    return createVaults({ ...ports, tenantId: testTenant, authority: 'https://login.localhost:8443/adfs' });
  };
  const parts = open();
  type Operation = keyof typeof parts.controller.handlers;
  const handle = async (operation: Operation, options: ContextOptions, body?: unknown) => {
    const context = testContext(operation, options);
    const handler = parts.controller.handlers[operation];
    return { context, reply: await handler(context, body) };
  };
  /** Calls an operation at a place; answers the reply's body. */
  const call = async <T = Record<string, unknown>>(
    operation: Operation,
    params: Readonly<Record<string, string>>,
    body?: unknown,
    options: ContextOptions = {},
  ): Promise<T> => {
    const { reply } = await handle(operation, { ...options, params: { subscriptionId, ...params } }, body);
    return reply.body as T;
  };
  await call('SubscriptionPut', {}, { displayName: 'Test' });
  for (const resourceGroup of ['one', 'two']) await call('ResourceGroupPut', { resourceGroup }, { location: 'local' });
  return {
    ...parts,
    database,
    lease,
    open,
    handle,
    call,
    close: async () => {
      await database.close();
      await test.drop();
    },
  };
}

export function vaultBody(properties: Readonly<Record<string, unknown>> = {}) {
  return {
    location: 'local',
    properties: { tenantId: testTenant, sku: { family: 'A', name: 'standard' }, accessPolicies: [], ...properties },
  };
}
