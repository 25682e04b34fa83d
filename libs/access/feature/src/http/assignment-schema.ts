import type { RoleAssignmentTerms } from '@coffer/access-domain';
import { parseBody } from '@coffer/wire';
import { z } from 'zod';

/** A GUID, or a SID under AD FS: printable ASCII without a space. */
const principalId = z.string().regex(/^[!-~]{1,256}$/, 'Must be the object id of a principal.');

const schema = z.object({
  properties: z.object({
    roleDefinitionId: z
      .string()
      .max(1024)
      .refine((id) => id.isWellFormed(), { error: 'Must be well-formed text.' }),
    principalId,
    principalType: z.enum(['User', 'Group', 'ServicePrincipal', 'ForeignGroup', 'Device']).nullish(),
  }),
});

/** Body of a role assignment PUT (azure-api b.3); the scope is the path's, whatever the body says. Throws BadParameter. */
export function parseAssignment(body: unknown, scope: string): RoleAssignmentTerms {
  const { principalId, principalType, roleDefinitionId } = parseBody(schema, body).properties;
  const type = principalType ?? undefined;
  return { principalId, roleDefinitionId, scope, ...(type === undefined ? {} : { principalType: type }) };
}
