import { rm } from 'node:fs/promises';

/** Stops the server that global-setup.mjs started; one that was given by COFFER_TEST_POSTGRES is left alone. */
export default async function globalTeardown() {
  const started = globalThis.cofferTestPostgres;
  if (started === undefined) return;
  await started.server.stop();
  await rm(started.directory, { recursive: true, force: true });
}
