import { builtInRoles, findRole } from '@coffer/access-domain';
import { CofferError, isUuid } from '@coffer/kernel';
import type { authorizationOperations, HandlersOf, Reply, RequestContext } from '@coffer/wire';
import { commanderOf, type AssignmentCommands } from '../application/assignment-commands.js';
import type { AccessPorts } from '../application/ports.js';
import { roleAssignmentDelete } from '../application/role-assignment-delete.js';
import { roleAssignmentGet } from '../application/role-assignment-get.js';
import { roleAssignmentList } from '../application/role-assignment-list.js';
import { roleAssignmentPut } from '../application/role-assignment-put.js';
import { parseAssignment } from './assignment-schema.js';
import { assignmentId, toRoleAssignment, toRoleDefinition } from './authorization-mapper.js';
import { parseAssignmentFilter, parseRoleFilter } from './list-filter.js';
import { assignmentName, requestScope } from './request-scope.js';

type Context = RequestContext;

/** `Microsoft.Authorization` on the management host. */
export class AuthorizationController {
  readonly handlers: HandlersOf<typeof authorizationOperations> = {
    RoleAssignmentPut: (context, body) => this.#put(context, body),
    RoleAssignmentGet: (context) => this.#get(context),
    RoleAssignmentDelete: (context) => this.#delete(context),
    RoleAssignmentList: (context) => this.#list(context),
    // async, so that a refusal is a rejection as everywhere else
    // eslint-disable-next-line @typescript-eslint/require-await
    RoleDefinitionGet: async (context) => this.#definition(context),
    // eslint-disable-next-line @typescript-eslint/require-await
    RoleDefinitionList: async (context) => this.#definitions(context),
  };

  constructor(
    private readonly ports: AccessPorts,
    private readonly commands: AssignmentCommands,
  ) {}

  async #put(context: Context, body: unknown): Promise<Reply> {
    const { scope, name } = this.#addressed(context);
    const terms = parseAssignment(body, scope);
    const { principalId, roleDefinitionId } = terms;
    context.audit.describe({ properties: { principalId, roleDefinitionId } });
    const { view, created } = await roleAssignmentPut(this.ports, this.commands, commanderOf(context), name, terms);
    return { status: created ? 201 : 200, body: toRoleAssignment(view) };
  }

  async #get(context: Context): Promise<Reply> {
    const { scope, name } = this.#addressed(context);
    return { body: toRoleAssignment(await roleAssignmentGet(this.ports, name, scope)) };
  }

  async #delete(context: Context): Promise<Reply> {
    const { scope, name } = this.#addressed(context);
    const view = await roleAssignmentDelete(this.ports, this.commands, commanderOf(context), name, scope);
    return view === undefined ? { status: 204 } : { body: toRoleAssignment(view) };
  }

  async #list(context: Context): Promise<Reply> {
    const { query, baseUrl, apiVersion, principal } = context;
    const { pager } = this.ports;
    const scope = requestScope(context);
    const collection = assignmentId(scope, '').slice(0, -1);
    context.audit.describe({ id: `${baseUrl}${collection}` });
    const asked = { scope, ...parseAssignmentFilter(query['$filter'], principal) };
    // The token is good for the same question of the same caller only.
    const tokenScope = JSON.stringify([
      'roleAssignments',
      scope.toLowerCase(),
      asked.below,
      asked.principalIds ?? null,
    ]);
    const page = await roleAssignmentList(this.ports, asked, pager.marker(query, tokenScope));
    const request = { baseUrl, path: collection, apiVersion, scope: tokenScope, query: {} };
    const wire = pager.toWire(page, request, toRoleAssignment);
    return { body: { ...wire, nextLink: withFilter(wire.nextLink, query['$filter']) } };
  }

  #definition(context: Context): Reply {
    const scope = requestScope(context);
    const id = context.params['roleId'] ?? '';
    const role = isUuid(id) ? findRole(id) : undefined;
    if (role === undefined) {
      const shown = id.slice(0, 100).replace(/[^ -~]/g, '?');
      throw new CofferError(
        'RoleDefinitionNotFound',
        `The specified role definition with ID '${shown}' does not exist.`,
      );
    }
    return { body: toRoleDefinition(role, scope) };
  }

  #definitions(context: Context): Reply {
    const scope = requestScope(context);
    const wanted = parseRoleFilter(context.query['$filter']);
    return { body: { value: builtInRoles.filter(wanted).map((role) => toRoleDefinition(role, scope)) } };
  }

  /** The assignment that the path names, noted in the audit record. Throws ArmBadRequest for one that cannot exist. */
  #addressed(context: Context): { readonly scope: string; readonly name: string } {
    const scope = requestScope(context);
    const name = assignmentName(context);
    context.audit.describe({ id: `${context.baseUrl}${assignmentId(scope, name)}` });
    return { scope, name };
  }
}

function withFilter(nextLink: string | null, filter: string | undefined): string | null {
  if (nextLink === null || filter === undefined) return nextLink;
  return `${nextLink}&$filter=${encodeURIComponent(filter)}`;
}
