/** SQL files of the feature's read models, applied in the order of their numbers. */
export const vaultsMigrations = { component: 'vaults', directory: new URL('../migrations/', import.meta.url) };
