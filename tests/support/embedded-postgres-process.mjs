/**
 * A launcher in a process of its own, so that a spec can kill it: `node embedded-postgres-process.mjs <directory> [exit]`.
 * Prints the launcher's log, then `started <pid of PostgreSQL>` or `failed <reason>`. With `exit` it leaves without stopping.
 */
import { startEmbeddedPostgres } from '@coffer/embedded-postgres';

const [directory, then] = process.argv.slice(2);
try {
  const server = await startEmbeddedPostgres({ directory, log: console.log });
  console.log(`started ${server.processId()}`);
  if (then === 'exit') process.exit(3);
} catch (error) {
  console.log(`failed ${error.reason ?? error.stack}`);
  process.exit(1);
}
