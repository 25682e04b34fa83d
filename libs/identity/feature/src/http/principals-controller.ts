import { CofferError, isUuid } from '@coffer/kernel';
import type { HandlersOf, principalOperations, Reply, RequestContext } from '@coffer/wire';
import type { IdentityPorts } from '../application/ports.js';
import { commanderOf, type PrincipalCommands } from '../application/principal-commands.js';
import { openPassword, openPrincipalKey } from '../application/principal-keys.js';
import { principalAddPassword, principalCreate } from '../application/principals.js';
import { principalByObjectId, principalPage, type PrincipalRow } from '../postgres/principals.js';
import { parseKeyId, parsePassword, parsePrincipal, parsePrincipalFilter } from './principal-schema.js';

type Context = RequestContext;
type Json = Record<string, unknown>;

const PATH = '/v1.0/servicePrincipals';
const PAGE = 100;
const NO_CONTENT = 204;

/** Service principals in the words of Microsoft Graph, on the login host. */
export class PrincipalsController {
  readonly handlers: HandlersOf<typeof principalOperations> = {
    PrincipalCreate: (context, body) => this.#create(context, body),
    PrincipalList: (context) => this.#list(context),
    PrincipalGet: async (context) => ({ body: await this.#toWire(await this.#found(context)) }),
    PrincipalDelete: (context) => this.#delete(context),
    PrincipalAddPassword: (context, body) => this.#addPassword(context, body),
    PrincipalRemovePassword: (context, body) => this.#removePassword(context, body),
  };

  constructor(
    private readonly ports: IdentityPorts,
    private readonly commands: PrincipalCommands,
  ) {}

  async #create(context: Context, body: unknown): Promise<Reply> {
    const asked = parsePrincipal(body);
    const { objectId } = await principalCreate(this.ports, this.commands, commanderOf(context), asked, 201);
    const row = await principalByObjectId(this.ports.database, objectId);
    if (row === undefined) throw notFound(objectId);
    return { body: await this.#toWire(row) };
  }

  async #list(context: Context): Promise<Reply> {
    const { query, baseUrl, apiVersion } = context;
    const { database, pager } = this.ports;
    const filter = parsePrincipalFilter(query['$filter']);
    const scope = JSON.stringify(['servicePrincipals', filter]);
    const marker = pager.marker(query, scope) ?? '';
    const rows = await principalPage(database, { afterObjectId: marker, ...filter, limit: PAGE + 1 });
    const items = rows.slice(0, PAGE);
    const last = items.at(-1);
    const value = await Promise.all(items.map((row) => this.#toWire(row)));
    const page = rows.length > PAGE && last !== undefined ? { items: value, marker: last.objectId } : { items: value };
    const wire = pager.toWire(page, { baseUrl, path: PATH, apiVersion, scope, query: {} }, (item) => item);
    const next = wire.nextLink === null ? {} : { '@odata.nextLink': withFilter(wire.nextLink, query['$filter']) };
    return { body: { value: wire.value, ...next } };
  }

  async #delete(context: Context): Promise<Reply> {
    const { objectId } = await this.#found(context);
    const command = { type: 'DeletePrincipal', objectId } as const;
    // Without the DEK every password that the log holds is unreadable.
    const request = { objectId, command, material: { deleteObjects: [objectId] } };
    await this.commands.run(commanderOf(context), request, NO_CONTENT);
    return {};
  }

  async #addPassword(context: Context, body: unknown): Promise<Reply> {
    const principal = await this.#found(context);
    const asked = parsePassword(body);
    const password = await principalAddPassword(this.ports, this.commands, commanderOf(context), principal, asked);
    return { body: { ...password, displayName: password.displayName ?? null } };
  }

  async #removePassword(context: Context, body: unknown): Promise<Reply> {
    const { objectId } = await this.#found(context);
    const command = { type: 'RemovePassword', objectId, keyId: parseKeyId(body) } as const;
    await this.commands.run(commanderOf(context), { objectId, command }, NO_CONTENT);
    return {};
  }

  async #found({ params, audit, baseUrl }: Context): Promise<PrincipalRow> {
    const id = params['principalId'] ?? '';
    const row = isUuid(id) ? await principalByObjectId(this.ports.database, id) : undefined;
    if (row === undefined) throw notFound(id);
    audit.describe({ id: `${baseUrl}${PATH}/${row.objectId}` });
    return row;
  }

  async #toWire(row: PrincipalRow): Promise<Json> {
    const key = row.passwords.length === 0 ? undefined : await openPrincipalKey(this.ports.sealer, row);
    return {
      id: row.objectId,
      appId: row.appId,
      displayName: row.displayName,
      servicePrincipalType: 'Application',
      accountEnabled: true,
      createdDateTime: row.createdAt.toISOString(),
      passwordCredentials: row.passwords.map((password) => {
        const sealed = key === undefined ? undefined : openPassword(key, password);
        return {
          keyId: password.keyId,
          displayName: sealed?.displayName ?? null,
          hint: sealed?.hint ?? null,
          startDateTime: password.startDateTime.toISOString(),
          endDateTime: password.endDateTime?.toISOString() ?? null,
        };
      }),
    };
  }
}

function notFound(id: string): CofferError {
  const shown = id.slice(0, 100).replace(/[^ -~]/g, '?');
  return new CofferError(
    'PrincipalNotFound',
    `Resource '${shown}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

function withFilter(nextLink: string, filter: string | undefined): string {
  return filter === undefined ? nextLink : `${nextLink}&$filter=${encodeURIComponent(filter)}`;
}
