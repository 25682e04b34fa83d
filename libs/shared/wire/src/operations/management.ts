import type { Operation, OperationTable } from '../operation.js';

const S = '/subscriptions/:subscriptionId';
const RG = `${S}/resourceGroups/:resourceGroup`;
const KV = '/providers/Microsoft.KeyVault';
const VAULT = `${RG}${KV}/vaults/:vaultName`;

const arm = (
  method: Operation['method'],
  path: string | readonly string[],
  action: string,
  more: Partial<Operation> = {},
): Operation => ({
  method,
  host: 'management',
  paths: typeof path === 'string' ? [path] : path,
  access: { plane: 'control', action },
  status: 200,
  body: 'none',
  ...more,
});
const json = { body: 'json' } as const;

/** ARM on the management host that vault management owns (azure-api b.1, b.3). */
export const managementOperations = {
  MetadataEndpoints: { ...arm('GET', '/metadata/endpoints', ''), access: { plane: 'anonymous' } },
  // Every caller may ask; the answer holds what the caller may see.
  TenantList: { ...arm('GET', '/tenants', ''), access: { plane: 'signed-in' } },
  SubscriptionList: { ...arm('GET', '/subscriptions', ''), access: { plane: 'signed-in' } },
  SubscriptionGet: arm('GET', S, 'Microsoft.Resources/subscriptions/read'),
  SubscriptionPut: arm('PUT', S, 'Microsoft.Resources/subscriptions/write', json),
  LocationList: arm('GET', `${S}/locations`, 'Microsoft.Resources/subscriptions/locations/read'),
  // The same for every subscription and caller; tools ask before they know whether they may do anything.
  ProviderList: { ...arm('GET', [`${S}/providers`, '/providers'], ''), access: { plane: 'signed-in' } },
  ProviderGet: { ...arm('GET', [`${S}${KV}`, KV], ''), access: { plane: 'signed-in' } },
  OperationList: { ...arm('GET', `${KV}/operations`, ''), access: { plane: 'signed-in' } },
  ProviderRegister: arm('POST', `${S}${KV}/register`, 'Microsoft.KeyVault/register/action'),
  // There are no managed HSMs; `az keyvault list-deleted` asks for both kinds and fails on a 404.
  ManagedHsmListDeleted: arm('GET', `${S}${KV}/deletedManagedHSMs`, 'Microsoft.KeyVault/deletedManagedHsms/read'),
  ResourceList: arm('GET', `${S}/resources`, 'Microsoft.KeyVault/vaults/read'),
  ResourceGroupList: arm('GET', `${S}/resourcegroups`, 'Microsoft.Resources/subscriptions/resourceGroups/read'),
  ResourceGroupGet: arm('GET', RG, 'Microsoft.Resources/subscriptions/resourceGroups/read'),
  ResourceGroupHead: arm('HEAD', RG, 'Microsoft.Resources/subscriptions/resourceGroups/read', { status: 204 }),
  ResourceGroupPut: arm('PUT', RG, 'Microsoft.Resources/subscriptions/resourceGroups/write', json),
  VaultPut: arm('PUT', VAULT, 'Microsoft.KeyVault/vaults/write', json),
  VaultGet: arm('GET', VAULT, 'Microsoft.KeyVault/vaults/read'),
  VaultPatch: arm('PATCH', VAULT, 'Microsoft.KeyVault/vaults/write', json),
  VaultDelete: arm('DELETE', VAULT, 'Microsoft.KeyVault/vaults/delete'),
  VaultListByResourceGroup: arm('GET', `${RG}${KV}/vaults`, 'Microsoft.KeyVault/vaults/read'),
  VaultList: arm('GET', `${S}${KV}/vaults`, 'Microsoft.KeyVault/vaults/read'),
  VaultAccessPolicyUpdate: arm(
    'PUT',
    `${VAULT}/accessPolicies/:kind`,
    'Microsoft.KeyVault/vaults/accessPolicies/write',
    json,
  ),
  VaultCheckNameAvailability: arm(
    'POST',
    `${S}${KV}/checkNameAvailability`,
    'Microsoft.KeyVault/checkNameAvailability/read',
    json,
  ),
  VaultListDeleted: arm('GET', `${S}${KV}/deletedVaults`, 'Microsoft.KeyVault/deletedVaults/read'),
  VaultGetDeleted: arm(
    'GET',
    `${S}${KV}/locations/:location/deletedVaults/:vaultName`,
    'Microsoft.KeyVault/locations/deletedVaults/read',
  ),
  VaultPurge: arm(
    'POST',
    `${S}${KV}/locations/:location/deletedVaults/:vaultName/purge`,
    'Microsoft.KeyVault/locations/deletedVaults/purge/action',
  ),
} as const satisfies OperationTable;

/** A resource of `Microsoft.Authorization` at every scope that has one: a subscription first, then group, vault and `/`. */
const atScopes = (resource: string): readonly string[] =>
  [S, RG, VAULT, ''].map((scope) => `${scope}/providers/Microsoft.Authorization/${resource}`);
const ASSIGNMENT = atScopes('roleAssignments/:assignmentName');
const DEFINITION = atScopes('roleDefinitions/:roleId');

/** ARM `Microsoft.Authorization` that the policy engine owns; arm-scope.ts reads the scope of a path (azure-api b.3). */
export const authorizationOperations = {
  RoleAssignmentPut: arm('PUT', ASSIGNMENT, 'Microsoft.Authorization/roleAssignments/write', {
    body: 'json',
    status: 201,
  }),
  RoleAssignmentGet: arm('GET', ASSIGNMENT, 'Microsoft.Authorization/roleAssignments/read'),
  RoleAssignmentDelete: arm('DELETE', ASSIGNMENT, 'Microsoft.Authorization/roleAssignments/delete'),
  RoleAssignmentList: arm('GET', atScopes('roleAssignments'), 'Microsoft.Authorization/roleAssignments/read'),
  RoleDefinitionGet: arm('GET', DEFINITION, 'Microsoft.Authorization/roleDefinitions/read'),
  RoleDefinitionList: arm('GET', atScopes('roleDefinitions'), 'Microsoft.Authorization/roleDefinitions/read'),
} as const satisfies OperationTable;
