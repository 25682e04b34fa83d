import { AccessModule, accessMigrations, accessProjections, AuthorizationController } from '@coffer/access-feature';
import { topics } from '@coffer/contracts';
import { surface } from '@coffer/nest';
import { authorizationOperations } from '@coffer/wire';
import { openService } from '../service.js';
import { readiness, type ComposedService, type ServiceContext } from './context.js';

export const POLICY_ENGINE = 'policy-engine';

/** Role assignments, and the decisions made on them. */
export async function composePolicyEngine(context: ServiceContext): Promise<ComposedService> {
  const core = await openService({
    ...context,
    name: POLICY_ENGINE,
    migrations: [accessMigrations],
    projections: accessProjections,
    eventsTopic: topics.policy,
    everyAppendIsChange: true,
  });
  const { clock, config } = context;
  const module = AccessModule.for({ ...core, clock, region: config.region });
  return {
    core,
    modules: [module],
    surfaces: (container) => [
      surface(POLICY_ENGINE, authorizationOperations, container.get(AuthorizationController).handlers, core.audit),
    ],
    startConsumers: () => Promise.resolve(),
    ready: readiness(core),
    close: () => core.close(),
  };
}
