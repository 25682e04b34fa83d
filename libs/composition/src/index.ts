import type { ServiceName } from './service-names.js';
import type { Program } from './run.js';

export { runProgram, type Program, type ProgramContext } from './run.js';
export { auditRefusal, type RefusalAuditOptions } from './separate/refused-call.js';
export { startStandalone } from './standalone.js';

// What follows loads its code when it is used: a start should not wait for what it does not run.

/** One service in a process of its own. */
export function singleService(name: ServiceName): Program {
  return {
    name,
    usage: `node apps/${name}/dist/main.js [flags]\n\nThe service ${name} of Coffer, alone.`,
    start: async (context) => {
      const { startSingle } = await import('./single.js');
      await startSingle(name, context);
    },
  };
}

/** `coffer-admin`. */
export async function runAdmin(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const admin = await import('./admin.js');
  await admin.runAdmin(argv, env);
}

/** What the tools around separate services need: their shared files, the edge's configuration, databases and topics. */
export async function deploymentTools() {
  const [{ initDeployment }, { edgeConfiguration }, databases, { startEmbeddedPostgres }, kafka] = await Promise.all([
    import('./deployment/init.js'),
    import('./deployment/edge.js'),
    import('./databases.js'),
    import('@coffer/embedded-postgres'),
    import('./deployment/kafka.js'),
  ]);
  return {
    initDeployment,
    edgeConfiguration,
    startEmbeddedPostgres,
    provisionEmbedded: databases.provisionEmbedded,
    kafka,
  };
}
