import { startEmbeddedPostgres } from '@coffer/embedded-postgres';
import type { Logger } from '@coffer/nest/logging';
import { certificateFiles } from './certificates.js';
import { allEnded, type Closing } from './closing.js';
import { ConfigError } from './config/load.js';
import type { Config } from './config/schema.js';
import { openDataDirectory, type DataDirectory } from './data-directory.js';
import { configuredUrl, embeddedConnection, missingUrls, provisionEmbedded, type Connections } from './databases.js';
import { dev } from './dev.js';
import type { ProgramContext } from './run.js';

/** All services in one process: calls between them are function calls, messages go through memory. */
export async function startStandalone(context: ProgramContext): Promise<void> {
  const { config, log, closing } = context;
  const problem = missingUrls(config);
  if (problem !== undefined) throw new ConfigError([problem]);
  const directory = await openDataDirectory(config.dataDir, fixedInstallation(config));
  // The database starts in processes of its own: the code of the services is loaded meanwhile.
  const [connections, certificates, { startServices }] = await allEnded([
    databases(config, directory, log, closing),
    certificateFiles(config, directory),
    import('./all-services.js'),
  ]);
  await startServices({ ...context, directory, connections, certificates });
}

function fixedInstallation(config: Config) {
  if (config.dev) return dev.installation;
  return config.tenantId === undefined ? {} : { tenantId: config.tenantId };
}

/** Connections to the operator's servers, or to an embedded one that is started here. */
async function databases(
  config: Config,
  directory: DataDirectory,
  log: Logger,
  closing: Closing,
): Promise<Connections> {
  if (config.databaseUrlVaults !== undefined) {
    return (service) => ({ connectionString: configuredUrl(config, service) });
  }
  const server = await startEmbeddedPostgres({
    directory: directory.postgres,
    log: (line) => {
      log.debug({ service: 'postgres' }, line);
    },
  });
  closing.add(() => server.stop());
  await provisionEmbedded(server);
  return (service) => embeddedConnection(server.host, service);
}
