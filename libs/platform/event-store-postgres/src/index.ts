export { openDatabase, type DatabaseOptions, type PostgresDatabase } from './database.js';
export { isTransient } from './faults.js';
export {
  consumerMigrations,
  eventStoreMigrations,
  migrate,
  MigrationError,
  type MigrateOptions,
  type MigrationSet,
} from './migrate.js';
export {
  createEventStore,
  createOwnerLog,
  type EventStoreOptions,
  type InstanceBarrier,
  type SharedEventStore,
} from './event-store.js';
export { createAuditSink, type AuditSinkOptions, type PostgresAuditSink } from './audit-sink.js';
export { createRelay, type Relay, type RelayOptions } from './relay.js';
export { createCheckpointStore, parkedVaults, type ParkedVault } from './checkpoints.js';
export { rebuildProjection } from './rebuild.js';
export { provisionService, provisionServices, type ServiceDatabase } from './provision.js';
export { InstanceLease, type InstanceOptions } from './instances/instance-lease.js';
