import { keyOperations, managementOperations, secretOperations, type Operation } from '@coffer/wire';

type Json = Record<string, unknown>;

const NAMESPACE = 'Microsoft.KeyVault';
/** Of the resource types; newer ones are accepted, too (azure-api 0.1). */
const API_VERSIONS = [
  '2026-02-01',
  '2025-05-01',
  '2024-11-01',
  '2023-07-01',
  '2022-07-01',
  '2021-10-01',
  '2019-09-01',
  '2018-02-14',
  '2016-10-01',
  '2015-06-01',
];
const RESOURCE_TYPES = ['vaults', 'vaults/accessPolicies', 'deletedVaults', 'locations', 'operations'];

/** The resource provider as a subscription sees it (azure-api b.3); registered in every one. */
export function toProvider(subscriptionId: string | undefined, region: string): Json {
  const scope = subscriptionId === undefined ? '' : `/subscriptions/${subscriptionId}`;
  return {
    id: `${scope}/providers/${NAMESPACE}`,
    namespace: NAMESPACE,
    registrationState: 'Registered',
    resourceTypes: RESOURCE_TYPES.map((resourceType) => ({
      resourceType,
      locations: [region],
      apiVersions: API_VERSIONS,
    })),
  };
}

/** `GET /providers/Microsoft.KeyVault/operations`: the actions and data actions that the operation tables check. */
export const providerOperations: readonly Json[] = listActions();

function listActions(): Json[] {
  const isDataAction = new Map<string, boolean>();
  const operations: readonly Operation[] = [managementOperations, keyOperations, secretOperations].flatMap((table) =>
    Object.values<Operation>(table),
  );
  for (const { access } of operations) {
    if (access.plane === 'control') isDataAction.set(access.action, false);
    if (access.plane === 'data') isDataAction.set(access.dataAction, true);
  }
  return [...isDataAction]
    .filter(([name]) => name.startsWith(`${NAMESPACE}/`))
    .map(([name, isData]) => toOperation(name, isData));
}

function toOperation(name: string, isDataAction: boolean): Json {
  const words = name.split('/').slice(1);
  const verbs = words.at(-1) === 'action' ? 2 : 1;
  const resource = words.slice(0, -verbs).join('/');
  const operation = words.at(-verbs);
  const description = resource === '' ? operation : `${operation} of ${resource}`;
  return {
    name,
    display: { provider: 'Microsoft Key Vault', resource, operation, description },
    origin: 'user,system',
    isDataAction,
  };
}
