import { retryConflicts } from '@coffer/event-sourcing';
import { isCofferError } from '@coffer/kernel';
import { isVaultName, vaultNameRule } from '@coffer/vaults-domain';
import type { HandlersOf, managementOperations, Reply, RequestContext } from '@coffer/wire';
import { commanderOf, type VaultCommands } from '../application/commands.js';
import { requireGroup, requireSubscription } from '../application/find-group.js';
import { deletedVaultAt, vaultAt, type VaultPlace } from '../application/find-vault.js';
import type { VaultsPorts } from '../application/ports.js';
import { presentVault, vaultPut } from '../application/vault-put.js';
import { findVaultByName } from '../postgres/find-vault.js';
import { listDeletedVaults, listVaults } from '../postgres/list-vaults.js';
import { resourceIdOf, type VaultRow } from '../postgres/vault-row.js';
import { armPage } from './arm-paging.js';
import { toDeletedVault, toPolicyParameters, toVault } from './vault-mapper.js';
import { parseNameAvailability, parsePolicyUpdate, parseVaultPatch, parseVaultPut } from './vault-schema.js';

type Context = RequestContext;
type VaultOperation = Extract<keyof typeof managementOperations, `Vault${string}`>;

/** `Microsoft.KeyVault/vaults` on the management host. */
export class VaultsController {
  readonly handlers: Pick<HandlersOf<typeof managementOperations>, VaultOperation> = {
    VaultPut: (context, body) => this.#put(context, body),
    VaultGet: async (context) => this.#vault(context, await this.#found(context)),
    VaultPatch: (context, body) => this.#patch(context, body),
    VaultDelete: (context) => this.#delete(context),
    VaultListByResourceGroup: (context) => this.#list(context, context.params['resourceGroup']),
    VaultList: (context) => this.#list(context, undefined),
    VaultAccessPolicyUpdate: (context, body) => this.#updatePolicies(context, body),
    VaultCheckNameAvailability: (context, body) => this.#checkName(context, body),
    VaultListDeleted: (context) => this.#listDeleted(context),
    VaultGetDeleted: async (context) => ({ body: toDeletedVault(await this.#foundDeleted(context)) }),
    VaultPurge: (context) => this.#purge(context),
  };

  constructor(
    private readonly ports: VaultsPorts,
    private readonly commands: VaultCommands,
  ) {}

  async #put(context: Context, body: unknown): Promise<Reply> {
    const place = placeOf(context);
    context.audit.describe({ id: idOf(place) });
    const request = { ...place, ...parseVaultPut(body), apiVersion: context.apiVersion };
    return this.#vault(context, await vaultPut(this.ports, this.commands, commanderOf(context), request));
  }

  async #patch(context: Context, body: unknown): Promise<Reply> {
    const requested = parseVaultPatch(body);
    return this.#vault(context, await this.#change(context, { type: 'PatchVault', requested }));
  }

  async #updatePolicies(context: Context, body: unknown): Promise<Reply> {
    const update = parsePolicyUpdate(context.params['kind'], body);
    const row = await this.#change(context, { type: 'UpdateAccessPolicies', ...update });
    return { body: toPolicyParameters(row) };
  }

  async #change(context: Context, command: Parameters<VaultCommands['vault']>[2]): Promise<VaultRow> {
    const place = placeOf(context);
    return retryConflicts(async () => {
      const { vault_id: vaultId } = await this.#found(context);
      await this.commands.vault(commanderOf(context), vaultId, command);
      return presentVault(this.ports, vaultId, place.name, place.resourceGroup);
    });
  }

  /** 204 when there is nothing to delete, also when another request was first: ARM's DELETE may be repeated. */
  async #delete(context: Context): Promise<Reply> {
    try {
      const { vault_id: vaultId } = await this.#found(context);
      await this.commands.vault(commanderOf(context), vaultId, { type: 'DeleteVault', now: context.now });
      return {};
    } catch (error) {
      if (!isCofferError(error, 'ResourceNotFound')) throw error;
      await this.ports.store.settled(); // the other one's deletion may not hold everywhere yet
      return { status: 204 };
    }
  }

  async #purge(context: Context): Promise<Reply> {
    const { vault_id: vaultId } = await this.#foundDeleted(context);
    await this.commands.vault(commanderOf(context), vaultId, { type: 'PurgeVault', now: context.now });
    return {};
  }

  async #list(context: Context, groupName: string | undefined): Promise<Reply> {
    const { database, pager } = this.ports;
    const { subscription_id: subscriptionId } = await this.#subscription(context);
    const group = groupName === undefined ? undefined : await requireGroup(this.ports, subscriptionId, groupName);
    const scope = group === undefined ? '' : `/resourceGroups/${group.name}`;
    const page = await armPage(pager, context, {
      path: `/subscriptions/${subscriptionId}${scope}/providers/Microsoft.KeyVault/vaults`,
      load: (after, limit) => listVaults(database, { subscriptionId, after, limit }, group?.name_key),
      markerOf: (row) => row.name_key,
      map: (row) => toVault(row, this.#wire(context)),
    });
    return { body: page };
  }

  async #listDeleted(context: Context): Promise<Reply> {
    const { database, pager } = this.ports;
    const { subscription_id: subscriptionId } = await this.#subscription(context);
    const page = await armPage(pager, context, {
      path: `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/deletedVaults`,
      load: (after, limit) => listDeletedVaults(database, { subscriptionId, after, limit }),
      markerOf: (row) => row.name_key,
      map: toDeletedVault,
    });
    return { body: page };
  }

  async #checkName(context: Context, body: unknown): Promise<Reply> {
    const { name } = parseNameAvailability(body);
    context.audit.describe({ properties: { name: name.slice(0, 100) } });
    if (!isVaultName(name)) {
      return { body: { nameAvailable: false, reason: 'AccountNameInvalid', message: vaultNameRule(name) } };
    }
    if ((await findVaultByName(this.ports.database, name.toLowerCase())) === undefined) {
      return { body: { nameAvailable: true } };
    }
    const message = `The vault name '${name}' is already in use. Vault names are globaly unique so it is possible that the name is already taken.`;
    return { body: { nameAvailable: false, reason: 'AlreadyExists', message } };
  }

  async #found(context: Context): Promise<VaultRow> {
    const place = placeOf(context);
    context.audit.describe({ id: idOf(place) });
    return vaultAt(this.ports, place);
  }

  async #foundDeleted(context: Context): Promise<VaultRow> {
    const { subscriptionId = '', location = '', vaultName = '' } = context.params;
    const row = await deletedVaultAt(this.ports, subscriptionId, location, vaultName);
    context.audit.describe({ id: resourceIdOf(row) });
    return row;
  }

  #subscription({ params }: Context) {
    return requireSubscription(this.ports, params['subscriptionId'] ?? '');
  }

  #vault(context: Context, row: VaultRow): Reply {
    return { body: toVault(row, this.#wire(context)) };
  }

  #wire({ apiVersion }: Context) {
    return { apiVersion, vaultUrl: (name: string) => this.ports.hosts.vaultUrl(name) };
  }
}

function placeOf({ params }: Context): VaultPlace {
  const { subscriptionId = '', resourceGroup = '', vaultName = '' } = params;
  return { subscriptionId, resourceGroup, name: vaultName };
}

function idOf({ subscriptionId, resourceGroup, name }: VaultPlace): string {
  return resourceIdOf({ subscription_id: subscriptionId, resource_group: resourceGroup, name });
}
