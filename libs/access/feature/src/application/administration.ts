import { createHash } from 'node:crypto';
import { COFFER_AUDIT_READER, OWNER } from '@coffer/access-domain';
import { isCofferError, newId } from '@coffer/kernel';
import type { AssignmentCommands, Commander } from './assignment-commands.js';
import type { AccessPorts } from './ports.js';
import { roleAssignmentPut } from './role-assignment-put.js';

/** Of the roles that nobody can assign yet: those of the first administrator. */
export class AccessAdministration {
  constructor(
    private readonly ports: AccessPorts,
    private readonly commands: AssignmentCommands,
  ) {}

  /**
   * Makes the service principal Owner and Coffer Audit Reader at `/`. May be repeated: what stands stays, and what an
   * administrator has revoked since is not given back.
   */
  async assignOwner(principalId: string): Promise<void> {
    for (const roleDefinitionId of [OWNER, COFFER_AUDIT_READER]) {
      const name = firstAssignmentName(principalId, roleDefinitionId);
      if (await this.commands.everMade(name)) continue;
      const terms = { principalId, principalType: 'ServicePrincipal', roleDefinitionId, scope: '/' };
      try {
        await roleAssignmentPut(this.ports, this.commands, this.#commander(), name, terms);
      } catch (error) {
        if (!isCofferError(error, 'RoleAssignmentExists')) throw error;
      }
    }
  }

  #commander(): Commander {
    const { clock, region } = this.ports;
    return { meta: { actor: { oid: 'system:first-start' }, correlationId: newId(), region }, now: clock.now() };
  }
}

/** The same GUID for the same principal and role: version 8 (RFC 9562 §5.8) over SHA-256. */
export function firstAssignmentName(principalId: string, roleDefinitionId: string): string {
  const bytes = createHash('sha256')
    .update(`${principalId.toLowerCase()}/${roleDefinitionId}`)
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
