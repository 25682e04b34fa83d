import type { Installation } from './data-directory.js';

/** What `--dev` fixes, so that tests and tutorials need not read anything. Public: never for anything of value. */
export const dev = {
  installation: {
    tenantId: '00000000-0000-4000-8000-0000000000aa',
    subscriptionId: '00000000-0000-4000-8000-0000000000bb',
  } satisfies Installation,
  administrator: {
    objectId: '00000000-0000-4000-8000-000000000001',
    appId: '00000000-0000-4000-8000-000000000002',
    secret: 'coffer-development-secret-not-for-production',
    displayName: 'Coffer administrator',
  },
  vaultName: 'demo',
} as const;
