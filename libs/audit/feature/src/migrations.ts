/** SQL files of the audit log's database, applied in the order of their numbers. */
export const auditMigrations = { component: 'audit', directory: new URL('../migrations/', import.meta.url) };
