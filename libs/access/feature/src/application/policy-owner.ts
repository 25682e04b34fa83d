import { authorizeAtScope } from '@coffer/access-domain';
import { serveLease, type ChangeHub, type PolicyOwner } from '@coffer/contracts';
import type { SqlClient } from '@coffer/event-sourcing';
import { loadGrantsOf, loadPolicy } from '../postgres/load-grants.js';
import { principalsOf } from './local-authorizer.js';
import { POLICY_LOG } from './policy-log.js';

/** The policy as other processes ask for it; every answer is of what the database holds now. */
export function createPolicyOwner(database: SqlClient, hub: ChangeHub): PolicyOwner {
  return {
    snapshot: () => loadPolicy(database),
    confirm: async ({ principal, action, scope }) => {
      const { revision, grants } = await loadGrantsOf(database, principalsOf(principal));
      const { effect, reason } = authorizeAtScope(principal, action, scope, grants);
      return { effect, reason, revision: String(revision) };
    },
    // The change of a committed revision is committed, too.
    awaitEnforced: async () => hub.awaitEnforced(await hub.committedSeq()),
    lease: (call) => serveLease(hub, call, ({ vaultId }) => (vaultId === POLICY_LOG ? {} : undefined)),
  };
}
