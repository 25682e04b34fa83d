/** SQL files of the secret read models, applied in the order of their numbers, after the event store's own. */
export const secretMigrations = { component: 'secrets', directory: new URL('../migrations/', import.meta.url) };
