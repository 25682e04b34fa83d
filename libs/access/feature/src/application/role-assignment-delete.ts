import { findAssignment } from '../postgres/find-assignment.js';
import type { AssignmentCommands, Commander } from './assignment-commands.js';
import { viewOfRow, type AssignmentView } from './assignment-view.js';
import type { AccessPorts } from './ports.js';

type Ports = Pick<AccessPorts, 'database' | 'store'>;

const OK = 200;

/**
 * Revokes the assignment of this name at exactly this scope, where the caller has been authorized. `undefined` when there
 * is none. Throws ArmBadRequest for the last Owner at `/`.
 */
export async function roleAssignmentDelete(
  { database, store }: Ports,
  commands: AssignmentCommands,
  by: Commander,
  name: string,
  scope: string,
): Promise<AssignmentView | undefined> {
  const row = await findAssignment(database, name, scope);
  if (row === undefined) {
    await store.settled(); // another one may have revoked it, and that may not hold everywhere yet
    return undefined;
  }
  const { events } = await commands.run(by, { type: 'RevokeRole', name, scope }, OK);
  return events.length === 0 ? undefined : viewOfRow(row);
}
