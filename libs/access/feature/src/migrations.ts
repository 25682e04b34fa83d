/** SQL files of the access read models, applied in the order of their numbers, after the event store's own. */
export const accessMigrations = { component: 'access', directory: new URL('../migrations/', import.meta.url) };
