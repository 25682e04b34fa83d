import { CofferError } from '@coffer/kernel';
import { findAssignment } from '../postgres/find-assignment.js';
import { viewOfRow, type AssignmentView } from './assignment-view.js';
import type { AccessPorts } from './ports.js';

/** The assignment of this name at exactly this scope. Throws RoleAssignmentNotFound. */
export async function roleAssignmentGet(
  { database }: Pick<AccessPorts, 'database'>,
  name: string,
  scope: string,
): Promise<AssignmentView> {
  const row = await findAssignment(database, name, scope);
  if (row === undefined) {
    throw new CofferError('RoleAssignmentNotFound', `The role assignment '${name}' is not found.`);
  }
  return viewOfRow(row);
}
