import { roleGuid, type RoleAssignmentTerms } from '@coffer/access-domain';
import { CofferError, isCofferError } from '@coffer/kernel';
import { findAssignment, isAssigned } from '../postgres/find-assignment.js';
import type { AssignmentCommands, Commander } from './assignment-commands.js';
import { viewOfRow, type AssignmentView } from './assignment-view.js';
import type { AccessPorts } from './ports.js';

type Ports = Pick<AccessPorts, 'database'>;

const CREATED = 201;

/**
 * Makes a role assignment; the same one once more changes nothing. Throws ArmBadRequest, RoleAssignmentExists when the
 * same statement stands under another name, Conflict.
 */
export async function roleAssignmentPut(
  { database }: Ports,
  commands: AssignmentCommands,
  by: Commander,
  name: string,
  asked: RoleAssignmentTerms,
): Promise<{ readonly view: AssignmentView; readonly created: boolean }> {
  const terms = { ...asked, roleDefinitionId: roleGuid(asked.roleDefinitionId) };
  try {
    const { events } = await commands.run(by, { type: 'AssignRole', name, terms }, CREATED);
    if (events.length > 0) {
      return { view: { name, ...terms, createdOn: by.now, createdBy: by.meta.actor.oid }, created: true };
    }
  } catch (error) {
    if (!isCofferError(error, 'Conflict') || !(await isAssigned(database, terms))) throw error;
    throw new CofferError('RoleAssignmentExists', 'The role assignment already exists.', {}, { cause: error });
  }
  const row = await findAssignment(database, name, terms.scope);
  // Revoked between decision and look-up: neither answer would be true.
  if (row === undefined) throw new CofferError('Conflict', 'The role assignment was removed by another request.');
  return { view: viewOfRow(row), created: false };
}
