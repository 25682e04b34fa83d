/** SQL files of the key read models, applied in the order of their numbers, after the event store's own. */
export const keysMigrations = { component: 'keys', directory: new URL('../migrations/', import.meta.url) };
