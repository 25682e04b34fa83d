import { Module, type DynamicModule } from '@nestjs/common';
import { AccessAdministration } from './application/administration.js';
import { AssignmentCommands } from './application/assignment-commands.js';
import { LocalAuthorizer } from './application/local-authorizer.js';
import { POLICY_LOG } from './application/policy-log.js';
import { PolicySnapshots } from './application/policy-snapshots.js';
import type { AccessPorts } from './application/ports.js';
import { AuthorizationController } from './http/authorization-controller.js';
import { loadGrantsOf, loadPolicy } from './postgres/load-grants.js';

/** The parts of the feature, wired; without a framework, so that tests can hold them too. */
export function createAccess(ports: AccessPorts): {
  readonly controller: AuthorizationController;
  readonly authorizer: LocalAuthorizer;
  readonly administration: AccessAdministration;
} {
  const { store, database, lease } = ports;
  const commands = new AssignmentCommands(store);
  const policies = new PolicySnapshots({
    loadAll: () => loadPolicy(database),
    loadFor: (principals) => loadGrantsOf(database, principals),
    lease,
  });
  store.onAppend((vaultId) => {
    if (vaultId === POLICY_LOG) policies.invalidate();
  });
  return {
    controller: new AuthorizationController(ports, commands),
    authorizer: new LocalAuthorizer(policies),
    administration: new AccessAdministration(ports, commands),
  };
}

/** Access: role assignments, the decisions made on them, and `Microsoft.Authorization` of the management host. */
@Module({})
export class AccessModule {
  static for(ports: AccessPorts): DynamicModule {
    const { controller, authorizer, administration } = createAccess(ports);
    return {
      module: AccessModule,
      providers: [
        { provide: AuthorizationController, useValue: controller },
        { provide: LocalAuthorizer, useValue: authorizer },
        { provide: AccessAdministration, useValue: administration },
      ],
      exports: [AuthorizationController, LocalAuthorizer, AccessAdministration],
    };
  }
}
