import {
  commanderOf,
  objectUri,
  parseObjectName,
  parseObjectVersion,
  softDeleting,
  type HandlersOf,
  type Reply,
  type secretOperations,
  type VaultRequestContext,
} from '@coffer/wire';
import type { SecretsPorts } from '../application/ports.js';
import { openValue, type SecretCache } from '../application/sealed-secret.js';
import type { SecretCommands } from '../application/secret-commands.js';
import { secretDelete } from '../application/secret-delete.js';
import { secretGet, secretGetDeleted } from '../application/secret-get.js';
import { secretList, secretListDeleted, secretListVersions } from '../application/secret-list.js';
import { secretPurge } from '../application/secret-purge.js';
import { secretRecover } from '../application/secret-recover.js';
import { SecretSet } from '../application/secret-set.js';
import { secretUpdate } from '../application/secret-update.js';
import * as map from './secret-mapper.js';
import { parseSet, parseUpdate } from './secret-schema.js';

type Context = VaultRequestContext;

/** `/secrets` and `/deletedsecrets` of a vault host. */
export class SecretsController {
  readonly handlers: HandlersOf<typeof secretOperations> = {
    SecretSet: (context, body) => this.#set(context, body),
    SecretGet: (context) => this.#get(context),
    SecretUpdate: (context, body) => this.#update(context, body),
    SecretDelete: (context) => this.#delete(context),
    SecretList: (context) =>
      this.ports.pager.list(
        context,
        '/secrets',
        (page) => secretList(this.ports, context.vault.vaultId, page),
        (view) => map.toSecretItem(view, context),
      ),
    SecretListVersions: (context) => this.#listVersions(context),
    SecretListDeleted: (context) =>
      this.ports.pager.list(
        context,
        '/deletedsecrets',
        (page) => secretListDeleted(this.ports, softDeleting(context.vault), page),
        (view) => map.toDeletedSecretItem(view, context),
      ),
    SecretGetDeleted: (context) => this.#getDeleted(context),
    SecretPurge: (context) => this.#purge(context),
    SecretRecover: (context) => this.#recover(context),
  };
  readonly #secretSet: SecretSet;

  constructor(
    private readonly ports: SecretsPorts,
    private readonly commands: SecretCommands,
    private readonly cache: SecretCache,
  ) {
    this.#secretSet = new SecretSet(ports, commands);
  }

  async #set(context: Context, body: unknown): Promise<Reply> {
    const { name } = this.#addressed(context);
    const request = parseSet(body, name);
    try {
      const view = await this.#secretSet.handle(commanderOf(context), request, (version) => {
        context.audit.describe({ id: objectUri(context.baseUrl, 'secrets', name, version) });
      });
      return { body: map.toSecretBundleWithValue(view, request.value, context) };
    } finally {
      request.value.destroy();
    }
  }

  async #get(context: Context): Promise<Reply> {
    const { name, version } = this.#addressed(context);
    const secret = await secretGet(this.cache, context.vault.vaultId, name, version);
    context.audit.describe({ id: objectUri(context.baseUrl, 'secrets', secret.view.name, secret.view.version) });
    const value = openValue(secret);
    try {
      return { body: map.toSecretBundleWithValue(secret.view, value, context) };
    } finally {
      value.destroy();
    }
  }

  async #update(context: Context, body: unknown): Promise<Reply> {
    const { name, version } = this.#addressed(context);
    const request = parseUpdate(body, name, version);
    const view = await secretUpdate(this.ports, this.commands, commanderOf(context), request);
    return { body: map.toSecretBundle(view, context) };
  }

  async #delete(context: Context): Promise<Reply> {
    const { name } = this.#addressed(context);
    const view = await secretDelete(this.ports, this.commands, commanderOf(context), context.vault, name);
    return { body: map.toDeletedSecretBundle(view, context) };
  }

  async #getDeleted(context: Context): Promise<Reply> {
    const { name } = this.#addressed(context);
    const view = await secretGetDeleted(this.ports, context.vault.vaultId, name);
    return { body: map.toDeletedSecretBundle(view, context) };
  }

  async #recover(context: Context): Promise<Reply> {
    const { name } = this.#addressed(context);
    const view = await secretRecover(this.ports, this.commands, commanderOf(context), name);
    return { body: map.toSecretBundle(view, context) };
  }

  async #purge(context: Context): Promise<Reply> {
    const { name } = this.#addressed(context);
    await secretPurge(this.ports, this.commands, commanderOf(context), context.vault, name);
    return {};
  }

  #listVersions(context: Context): Promise<Reply> {
    const { name } = this.#addressed(context);
    return this.ports.pager.list(
      context,
      `/secrets/${name}/versions`,
      (page) => secretListVersions(this.ports, context.vault.vaultId, name, page),
      (view) => map.toSecretBundle(view, context),
    );
  }

  /** The secret that the path names, noted in the audit record. Throws BadParameter for a name that cannot exist. */
  #addressed({ params, baseUrl, audit }: Context): { name: string; version: string | undefined } {
    const name = parseObjectName('secret', params['name']);
    const version = parseObjectVersion(params['version']);
    audit.describe({ id: objectUri(baseUrl, 'secrets', name, version) });
    return { name, version };
  }
}
