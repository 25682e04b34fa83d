/** SQL files of the identity service's database, applied in the order of their numbers. */
export const identityMigrations = { component: 'identity', directory: new URL('../migrations/', import.meta.url) };
