import { retryConflicts } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import { normalizeLocation } from '@coffer/vaults-domain';
import type { HandlersOf, managementOperations, Reply, RequestContext } from '@coffer/wire';
import { commanderOf, type VaultCommands } from '../application/commands.js';
import { requireGroup, requireSubscription } from '../application/find-group.js';
import type { VaultsPorts } from '../application/ports.js';
import { locationNotAvailable } from '../application/refusals.js';
import * as directory from '../postgres/directory.js';
import { findVaultByName } from '../postgres/find-vault.js';
import { listVaults } from '../postgres/list-vaults.js';
import { armPage } from './arm-paging.js';
import { parseResourceFilter, parseResourceGroup, parseSubscription } from './directory-schema.js';
import { metadataEndpoints } from './metadata.js';
import { providerOperations, toProvider } from './provider.js';
import { toResource } from './vault-mapper.js';

type Context = RequestContext;
type Json = Record<string, unknown>;
type DirectoryOperation = Exclude<keyof typeof managementOperations, `Vault${string}`>;

/** Subscriptions, resource groups and what tools ask around them on the management host. */
export class DirectoryController {
  readonly handlers: Pick<HandlersOf<typeof managementOperations>, DirectoryOperation> = {
    MetadataEndpoints: ({ apiVersion }) => reply(metadataEndpoints(apiVersion, this.ports)),
    TenantList: () => reply({ value: [this.#tenant()] }),
    SubscriptionList: (context) => this.#subscriptions(context),
    SubscriptionGet: async (context) => ({ body: this.#toSubscription(await this.#subscription(context)) }),
    SubscriptionPut: (context, body) => this.#putSubscription(context, body),
    LocationList: (context) => this.#locations(context),
    ProviderList: (context) => reply({ value: [this.#provider(context)] }),
    ProviderGet: (context) => reply(this.#provider(context)),
    ProviderRegister: (context) => reply(this.#provider(context)),
    OperationList: () => reply({ value: providerOperations }),
    ManagedHsmListDeleted: async (context) => {
      await this.#subscription(context);
      return { body: { value: [] } };
    },
    ResourceList: (context) => this.#resources(context),
    ResourceGroupList: (context) => this.#groups(context),
    ResourceGroupGet: async (context) => ({ body: toGroup(await this.#group(context)) }),
    ResourceGroupHead: async (context) => {
      await this.#group(context);
      return {};
    },
    ResourceGroupPut: (context, body) => this.#putGroup(context, body),
  };

  constructor(
    private readonly ports: VaultsPorts,
    private readonly commands: VaultCommands,
  ) {}

  async #subscriptions({ principal }: Context): Promise<Reply> {
    const { database, canRead } = this.ports;
    const rows = await directory.listSubscriptions(database);
    const visible = await Promise.all(
      rows.map(async (row) => (await canRead?.(principal, `/subscriptions/${row.subscription_id}`)) ?? true),
    );
    return reply({ value: rows.filter((_, i) => visible[i]).map((row) => this.#toSubscription(row)) });
  }

  async #putSubscription(context: Context, body: unknown): Promise<Reply> {
    const subscriptionId = (context.params['subscriptionId'] ?? '').toLowerCase();
    context.audit.describe({ id: `/subscriptions/${subscriptionId.slice(0, 40)}` });
    const { displayName } = parseSubscription(body);
    await this.commands.subscription(commanderOf(context), { type: 'PutSubscription', subscriptionId, displayName });
    return { body: this.#toSubscription({ subscription_id: subscriptionId, display_name: displayName }) };
  }

  async #locations(context: Context): Promise<Reply> {
    const { subscription_id: id } = await this.#subscription(context);
    const { region } = this.ports;
    return {
      body: {
        value: [{ id: `/subscriptions/${id}/locations/${region}`, name: region, displayName: region, type: 'Region' }],
      },
    };
  }

  async #resources(context: Context): Promise<Reply> {
    const { database, pager } = this.ports;
    const { subscription_id: subscriptionId } = await this.#subscription(context);
    const filter = parseResourceFilter(context.query['$filter']);
    if (filter === undefined) return { body: { value: [] } };
    if (filter.name !== undefined) {
      const row = await findVaultByName(database, filter.name.toLowerCase());
      const here = row?.deleted_at === null && row.subscription_id === subscriptionId;
      return { body: { value: here ? [toResource(row)] : [] } };
    }
    const page = await armPage(pager, context, {
      path: `/subscriptions/${subscriptionId}/resources`,
      load: (after, limit) => listVaults(database, { subscriptionId, after, limit }),
      markerOf: (row) => row.name_key,
      map: toResource,
    });
    return { body: page };
  }

  async #groups(context: Context): Promise<Reply> {
    const { database, pager } = this.ports;
    const { subscription_id: id } = await this.#subscription(context);
    const page = await armPage(pager, context, {
      path: `/subscriptions/${id}/resourcegroups`,
      load: (after, limit) => directory.listResourceGroups(database, id, after, limit),
      markerOf: (row) => row.name_key,
      map: toGroup,
    });
    return { body: page };
  }

  async #putGroup(context: Context, body: unknown): Promise<Reply> {
    const { database, region } = this.ports;
    const name = context.params['resourceGroup'] ?? '';
    const { subscription_id: subscriptionId } = await this.#subscription(context);
    context.audit.describe({ id: `/subscriptions/${subscriptionId}/resourceGroups/${name.slice(0, 90)}` });
    const { location, tags } = parseResourceGroup(body);
    if (normalizeLocation(location) !== normalizeLocation(region)) {
      throw locationNotAvailable(location, region, 'Microsoft.Resources/resourceGroups');
    }
    return retryConflicts(async () => {
      const held = await directory.findResourceGroup(database, subscriptionId, name);
      const status = held === undefined ? 201 : 200;
      const resourceGroupId = held?.resource_group_id ?? newId();
      const group = { resourceGroupId, subscriptionId, name: held?.name ?? name, location, tags };
      await this.commands.resourceGroup(commanderOf(context), { type: 'PutResourceGroup', group }, status);
      return { status, body: toGroup(await this.#group(context)) };
    });
  }

  #subscription({ params }: Context): Promise<directory.SubscriptionRow> {
    return requireSubscription(this.ports, params['subscriptionId'] ?? '');
  }

  #group({ params }: Context): Promise<directory.ResourceGroupRow> {
    const { subscriptionId = '', resourceGroup = '' } = params;
    return requireGroup(this.ports, subscriptionId, resourceGroup);
  }

  #toSubscription(row: directory.SubscriptionRow): Json {
    return {
      id: `/subscriptions/${row.subscription_id}`,
      subscriptionId: row.subscription_id,
      displayName: row.display_name,
      state: 'Enabled',
      tenantId: this.ports.tenantId,
    };
  }

  #tenant(): Json {
    const { tenantId } = this.ports;
    return { id: `/tenants/${tenantId}`, tenantId, displayName: 'Coffer' };
  }

  #provider({ params }: Context): Json {
    return toProvider(params['subscriptionId'], this.ports.region);
  }
}

function toGroup(row: directory.ResourceGroupRow): Json {
  return {
    id: `/subscriptions/${row.subscription_id}/resourceGroups/${row.name}`,
    name: row.name,
    type: 'Microsoft.Resources/resourceGroups',
    location: row.location,
    tags: row.tags,
    properties: { provisioningState: 'Succeeded' },
  };
}

function reply(body: unknown): Promise<Reply> {
  return Promise.resolve({ body });
}
