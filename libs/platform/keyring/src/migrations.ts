/** SQL files of the keyring's tables, applied in the order of their numbers. */
export const keyringMigrations = { component: 'keyring', directory: new URL('../migrations/', import.meta.url) };
