import type { RoleAssignmentEvent } from '@coffer/access-domain';
import type { InlineProjection, PendingEvent, SqlClient } from '@coffer/event-sourcing';
import { assertNever, CofferError } from '@coffer/kernel';
import * as write from './write-projection.js';

/** A stored event of this aggregate; `type` tells the shape of `data`. */
type Pending = { [E in RoleAssignmentEvent as E['type']]: PendingEvent<E> }[RoleAssignmentEvent['type']];

/** Who holds which role where. */
export const roleAssignmentsProjection: InlineProjection = {
  name: 'role_assignments',
  tables: ['role_assignments'],
  handles: new Set<RoleAssignmentEvent['type']>(['RoleAssigned', 'RoleRevoked']),
  apply: async (client, events) => {
    // `handles` has selected the types, and this service alone writes them.
    for (const event of events) await apply(client, event as Pending);
  },
};

export const accessProjections: readonly InlineProjection[] = [roleAssignmentsProjection];

async function apply(client: SqlClient, event: Pending): Promise<void> {
  switch (event.type) {
    case 'RoleAssigned':
      return write.insertAssignment(client, event);
    case 'RoleRevoked':
      await refuseLastOwner(client, event.data.name);
      return write.removeAssignment(client, event.data.name);
    default:
      return assertNever(event);
  }
}

/**
 * Nobody could administer without an Owner at `/`. The rule spans assignments, and only this transaction sees them all; in
 * a replay of the log it always holds. Throws ArmBadRequest in Azure's words.
 */
async function refuseLastOwner(client: SqlClient, name: string): Promise<void> {
  const owners = await write.lockRootOwners(client);
  if (owners.length !== 1 || owners[0] !== name) return;
  throw new CofferError(
    'ArmBadRequest',
    "Cannot delete the last RBAC admin assignment. Assign the Owner role at the scope '/' to somebody else first.",
  );
}
