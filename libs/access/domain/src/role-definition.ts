/** A role: which control-plane actions it allows. Patterns may hold `*`, which stands for any text, slashes included. */
export interface RoleDefinition {
  /** GUID, lower-case; the last segment of a role definition id. */
  readonly id: string;
  readonly name: string;
  readonly actions: readonly string[];
  /** Taken out of `actions` of this role only; another role may still grant them. */
  readonly notActions: readonly string[];
}

export const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
export const CONTRIBUTOR = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
export const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
export const USER_ACCESS_ADMINISTRATOR = '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9';
export const KEY_VAULT_CONTRIBUTOR = 'f25e0fa2-a7c8-4377-a976-54943a77a395';
/** Coffer's own; fixed for ever, clients store it. */
export const COFFER_AUDIT_READER = 'c0ffe12a-0d17-4e5d-9a6b-5f3d7b1e2c90';

/**
 * No general role reads the audit log, Owner included: who administers must not thereby see (and prepare for) what the
 * auditors see. An owner can still assign the audit role to somebody, and that assignment stands in the log.
 */
const EXCEPT_AUDIT = ['Coffer.Audit/*'];

/** Who may make principals or give them passwords can become anyone, so only Owner does. */
const EXCEPT_IDENTITY_CHANGES = ['Coffer.Identity/*/write', 'Coffer.Identity/*/delete'];

/** Built-in roles with Azure's ids and control-plane actions (azure-api c.4). */
export const builtInRoles: readonly RoleDefinition[] = [
  { id: OWNER, name: 'Owner', actions: ['*'], notActions: EXCEPT_AUDIT },
  {
    id: CONTRIBUTOR,
    name: 'Contributor',
    actions: ['*'],
    notActions: [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
      ...EXCEPT_IDENTITY_CHANGES,
      ...EXCEPT_AUDIT,
    ],
  },
  { id: READER, name: 'Reader', actions: ['*/read'], notActions: EXCEPT_AUDIT },
  {
    id: USER_ACCESS_ADMINISTRATOR,
    name: 'User Access Administrator',
    actions: ['*/read', 'Microsoft.Authorization/*', 'Microsoft.Support/*'],
    notActions: EXCEPT_AUDIT,
  },
  {
    id: KEY_VAULT_CONTRIBUTOR,
    name: 'Key Vault Contributor',
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.Insights/alertRules/*',
      'Microsoft.KeyVault/*',
      'Microsoft.ResourceHealth/availabilityStatuses/read',
      'Microsoft.Resources/deployments/*',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      'Microsoft.Support/*',
    ],
    notActions: [
      'Microsoft.KeyVault/locations/deletedVaults/purge/action',
      'Microsoft.KeyVault/hsmPools/*',
      'Microsoft.KeyVault/managedHsms/*',
    ],
  },
  { id: COFFER_AUDIT_READER, name: 'Coffer Audit Reader', actions: ['Coffer.Audit/records/read'], notActions: [] },
];

const byId: ReadonlyMap<string, RoleDefinition> = new Map(builtInRoles.map((role) => [role.id, role]));

/** The role that an id names: a GUID, or any ARM id whose last segment is one. */
export function findRole(roleDefinitionId: string): RoleDefinition | undefined {
  return byId.get(roleGuid(roleDefinitionId));
}

/** Lower-case last segment of a role definition id. */
export function roleGuid(roleDefinitionId: string): string {
  return roleDefinitionId.slice(roleDefinitionId.lastIndexOf('/') + 1).toLowerCase();
}
