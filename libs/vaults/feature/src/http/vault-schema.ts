import { CofferError } from '@coffer/kernel';
import { parseBody, resourceTagsSchema as tags } from '@coffer/wire';
import type { AccessPolicy, AccessPolicyUpdateKind, RequestedSettings, RequestedVault } from '@coffer/vaults-domain';
import { z } from 'zod';

/** Bounds what a body can make the domain look at; the domain says what is allowed. */
const names = z.array(z.string().max(100)).max(64).nullish();
const text = z.string().max(256);

const policy = z.object({
  tenantId: text,
  objectId: z.string().max(300),
  applicationId: text.nullish(),
  permissions: z.object({ keys: names, secrets: names, certificates: names, storage: names }),
});
const policies = z.array(policy).max(2000);

const networkAcls = z.object({
  bypass: z.enum(['AzureServices', 'None']).nullish(),
  defaultAction: z.enum(['Allow', 'Deny']).nullish(),
  ipRules: z
    .array(z.object({ value: text }))
    .max(2000)
    .nullish(),
  virtualNetworkRules: z
    .array(z.object({ id: z.string().max(2048), ignoreMissingVnetServiceEndpoint: z.boolean().nullish() }))
    .max(400)
    .nullish(),
});

const properties = z.object({
  tenantId: text.nullish(),
  sku: z.object({ name: text, family: text.nullish() }).nullish(),
  accessPolicies: policies.nullish(),
  enabledForDeployment: z.boolean().nullish(),
  enabledForDiskEncryption: z.boolean().nullish(),
  enabledForTemplateDeployment: z.boolean().nullish(),
  enableSoftDelete: z.boolean().nullish(),
  softDeleteRetentionInDays: z.number().nullish(),
  enableRbacAuthorization: z.boolean().nullish(),
  enablePurgeProtection: z.boolean().nullish(),
  createMode: z.string().max(20).nullish(),
  networkAcls: networkAcls.nullish(),
  publicNetworkAccess: text.nullish(),
});

const putSchema = z.object({ location: z.string().min(1).max(100), tags, properties });
const patchSchema = z.object({ tags, properties: properties.partial().nullish() });
const policiesSchema = z.object({ properties: z.object({ accessPolicies: policies }) });
const nameSchema = z.object({ name: z.string().max(300), type: z.string().max(100) });

/** Body of a vault PUT (azure-api b.2). Throws BadParameter, ArmBadRequest. */
export function parseVaultPut(body: unknown): {
  readonly location: string;
  readonly recover: boolean;
  readonly requested: RequestedVault;
} {
  const { location, tags: given, properties: asked } = parseBody(putSchema, body);
  return { location, recover: isRecover(asked.createMode), requested: requestedVault(asked, given) };
}

/** Body of a vault PATCH. Throws BadParameter, ArmBadRequest. */
export function parseVaultPatch(body: unknown): RequestedVault {
  const { tags: given, properties: asked } = parseBody(patchSchema, body);
  return requestedVault(asked ?? {}, given);
}

/** Body and kind of `PUT …/accessPolicies/{kind}`. Throws BadParameter, ArmBadRequest. */
export function parsePolicyUpdate(
  kind: string | undefined,
  body: unknown,
): { readonly kind: AccessPolicyUpdateKind; readonly accessPolicies: readonly AccessPolicy[] } {
  const word = kind?.toLowerCase();
  if (word !== 'add' && word !== 'replace' && word !== 'remove') {
    throw new CofferError('ArmBadRequest', 'The operation on access policies must be add, replace or remove.');
  }
  return { kind: word, accessPolicies: parseBody(policiesSchema, body).properties.accessPolicies.map(toPolicy) };
}

export function parseNameAvailability(body: unknown): { readonly name: string; readonly type: string } {
  return parseBody(nameSchema, body);
}

function isRecover(mode: string | null | undefined): boolean {
  const word = mode?.toLowerCase() ?? 'default';
  if (word === 'default' || word === 'recover') return word === 'recover';
  throw new CofferError('ArmBadRequest', 'An invalid value was provided for "createMode".');
}

type Asked = z.output<typeof properties>;

function requestedVault(
  asked: Partial<Asked>,
  given: Readonly<Record<string, string>> | null | undefined,
): RequestedVault {
  const { accessPolicies } = asked;
  return {
    settings: requestedSettings(asked),
    ...defined({ tags: given, accessPolicies: accessPolicies?.map(toPolicy) }),
  };
}

function requestedSettings(asked: Partial<Asked>): RequestedSettings {
  const { networkAcls: rules, sku } = asked;
  return defined({
    tenantId: asked.tenantId,
    sku: sku?.name,
    enabledForDeployment: asked.enabledForDeployment,
    enabledForDiskEncryption: asked.enabledForDiskEncryption,
    enabledForTemplateDeployment: asked.enabledForTemplateDeployment,
    enableSoftDelete: asked.enableSoftDelete,
    softDeleteRetentionInDays: asked.softDeleteRetentionInDays,
    enableRbacAuthorization: asked.enableRbacAuthorization,
    enablePurgeProtection: asked.enablePurgeProtection,
    publicNetworkAccess: asked.publicNetworkAccess,
    networkAcls:
      rules === null || rules === undefined
        ? undefined
        : defined({
            bypass: rules.bypass,
            defaultAction: rules.defaultAction,
            ipRules: rules.ipRules,
            virtualNetworkRules: rules.virtualNetworkRules?.map(({ id, ignoreMissingVnetServiceEndpoint: ignore }) => ({
              id,
              ...defined({ ignoreMissingVnetServiceEndpoint: ignore }),
            })),
          }),
  });
}

function toPolicy({ tenantId, objectId, applicationId, permissions }: z.output<typeof policy>): AccessPolicy {
  return { tenantId, objectId, ...defined({ applicationId }), permissions: defined(permissions) };
}

/** Members without those that are null or undefined: both mean "not said". */
function defined<T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const said = Object.entries(members).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(said) as { [K in keyof T]?: NonNullable<T[K]> };
}
