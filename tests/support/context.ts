import type { AuditRow } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import type { Principal, RequestAudit, RequestContext, VaultRequestContext, VaultSnapshot } from '@coffer/wire';

/** Remembers what a handler did with the request's audit record. */
export interface RecordingAudit extends RequestAudit {
  /** Everything given to `describe`, merged. */
  readonly described: { readonly id?: string; readonly properties: Readonly<Record<string, unknown>> };
  /** Statuses for which the handler took the record into a transaction. */
  readonly rowStatuses: readonly number[];
  /** How often the handler reported that transaction as committed. */
  readonly commits: number;
}

export interface ContextOptions {
  readonly params?: Readonly<Record<string, string | undefined>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly principal?: Partial<Principal>;
  readonly apiVersion?: string;
  /** Milliseconds since the epoch; defaults to the wall clock. */
  readonly now?: number;
  /** Defaults to the vault's URL, or the management host's. */
  readonly baseUrl?: string;
  readonly region?: string;
  readonly requestId?: string;
}

export const testTenant = '11111111-1111-4111-8111-111111111111';

export function testPrincipal(overrides: Partial<Principal> = {}): Principal {
  return {
    oid: '22222222-2222-4222-8222-222222222222',
    appid: '33333333-3333-4333-8333-333333333333',
    tid: testTenant,
    groups: [],
    issuer: 'https://login.localhost:8443/adfs',
    onBehalfOf: false,
    ...overrides,
  };
}

/** An active vault with 90 days of soft-delete and no access policy; every call has a vaultId and a name of its own. */
export function testVault(overrides: Partial<VaultSnapshot> = {}): VaultSnapshot {
  const vaultId = overrides.vaultId ?? newId();
  const name = overrides.name ?? `v-${vaultId.slice(0, 8)}`;
  return {
    vaultId,
    name,
    resourceId: `/subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/${name}`,
    location: 'local',
    tenantId: testTenant,
    sku: 'standard',
    state: 'active',
    enableSoftDelete: true,
    softDeleteRetentionInDays: 90,
    enablePurgeProtection: false,
    enableRbacAuthorization: false,
    accessPolicies: [],
    revision: 1,
    ...overrides,
  };
}

export type TestRequestContext = RequestContext & { readonly audit: RecordingAudit };
export type TestVaultRequestContext = VaultRequestContext & { readonly audit: RecordingAudit };

/** What the HTTP pipeline hands to a handler, made by hand: with `vault` a data-plane request, without one a management request. */
export function testContext(
  operation: string,
  options: ContextOptions & { readonly vault: VaultSnapshot },
): TestVaultRequestContext;
export function testContext(operation: string, options?: ContextOptions): TestRequestContext;
export function testContext(
  operation: string,
  options: ContextOptions & { readonly vault?: VaultSnapshot } = {},
): TestRequestContext {
  const { vault } = options;
  const principal = testPrincipal(options.principal);
  const requestId = options.requestId ?? newId();
  const apiVersion = options.apiVersion ?? (vault === undefined ? '2023-07-01' : '7.6');
  const region = options.region ?? 'local';
  const { oid, appid, tid } = principal;
  return {
    operation,
    requestId,
    apiVersion,
    region,
    now: options.now ?? Date.now(),
    principal,
    baseUrl: options.baseUrl ?? `https://${vault === undefined ? 'management' : `${vault.name}.vault`}.localhost:8443`,
    params: options.params ?? {},
    query: options.query ?? {},
    meta: {
      actor: { oid, tid, ...(appid === undefined ? {} : { appid }) },
      correlationId: requestId,
      apiVersion,
      region,
    },
    audit: recordingAudit(operation, requestId),
    ...(vault === undefined ? {} : { vault }),
  };
}

function recordingAudit(operationName: string, correlationId: string): RecordingAudit {
  const recordId = newId();
  const rowStatuses: number[] = [];
  let id: string | undefined;
  let properties: Readonly<Record<string, unknown>> = {};
  let commits = 0;
  return {
    get described() {
      return { ...(id === undefined ? {} : { id }), properties };
    },
    get rowStatuses() {
      return rowStatuses;
    },
    get commits() {
      return commits;
    },
    describe: (facts) => {
      id = facts.id ?? id;
      properties = { ...properties, ...facts.properties };
    },
    row: (status): AuditRow => {
      rowStatuses.push(status);
      return {
        recordId,
        body: { recordId, operationName, correlationId, service: 'test', properties: { id, httpStatusCode: status } },
      };
    },
    committed: () => {
      commits += 1;
    },
  };
}
