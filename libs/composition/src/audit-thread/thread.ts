import { parentPort, workerData } from 'node:worker_threads';
import { AuditLog, TreeKeeper } from '@coffer/audit-feature/ingestion';
import { topics } from '@coffer/contracts';
import { createRelay, openDatabase, type PostgresDatabase, type Relay } from '@coffer/event-store-postgres';
import { systemClock } from '@coffer/kernel';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { auditAlarms, requiredGroups } from '../audit-ingestion.js';
import { serviceNames, type ServiceName } from '../service-names.js';
import type { Order, Report, Task } from './protocol.js';

/** Enough for a relay, which reads one page at a time. */
const RELAY_CONNECTIONS = 2;
const { connections, signer } = workerData as Task;
const parent = parentPort;
if (parent === null) throw new Error('this is the code of a thread');

const say = (report: Report): void => {
  parent.postMessage(report);
};
/** Drivers hang on their errors what no log may say; the message and its place are enough. */
const plain = (error: unknown) => ({
  err: error instanceof Error ? { message: error.message, stack: error.stack } : {},
});
const warn = (text: string) => (error: unknown) => {
  say({ level: 'warn', fields: plain(error), text });
};

const databases = new Map<ServiceName, PostgresDatabase>();
const databaseOf = (service: ServiceName): PostgresDatabase => {
  const database = openDatabase({
    connection: connections[service],
    ...(service === 'audit-log' ? {} : { max: RELAY_CONNECTIONS }),
    onError: warn('a database connection of the audit thread was lost'),
  });
  databases.set(service, database);
  return database;
};

const feed = createMemoryFeed({ requiredGroups, onError: warn('audit records could not be taken and come again') });
const relays = new Map<ServiceName, Relay>(
  serviceNames.map((service) => [
    service,
    createRelay({
      database: databaseOf(service),
      connection: connections[service],
      feed,
      topics: { audit: topics.audit },
      onError: warn('the relay of audit records will try again'),
    }),
  ]),
);
const ports = {
  database: databases.get('audit-log') ?? databaseOf('audit-log'),
  feed,
  clock: systemClock,
  onParked: (fields: object) => {
    say({ level: 'error', fields, text: auditAlarms.parked });
  },
  onTreeFault: (error: unknown) => {
    say({ level: 'error', fields: plain(error), text: auditAlarms.treeFault });
  },
};
const auditLog = new AuditLog(ports);
const keeper = new TreeKeeper(ports, signer);

parent.on('message', (order: Order) => {
  if (order === 'stop') void stop();
  else relays.get(order.committed)?.wake('audit');
});

async function stop(): Promise<void> {
  await Promise.all([...relays.values()].map((relay) => relay.stop()));
  await Promise.all([auditLog.stop(), keeper.stop()]);
  await Promise.all([...databases.values()].map((database) => database.close()));
  parent?.close();
}

await auditLog.start();
keeper.start();
for (const relay of relays.values()) await relay.start();
say('started');
