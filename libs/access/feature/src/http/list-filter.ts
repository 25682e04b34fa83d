import { CofferError } from '@coffer/kernel';
import type { Principal } from '@coffer/wire';

/** What `$filter` of a role assignment list asks for. */
export interface AssignmentFilter {
  /** False with `atScope()`. */
  readonly below: boolean;
  /** Absent when every principal is asked for. */
  readonly principalIds?: readonly string[];
}

const AND = /\s+and\s+/i;
const AT_SCOPE = /^atScope\(\)$/i;
const PRINCIPAL = /^principalId\s+eq\s+'([!-&(-~]{1,256})'$/i;
const ASSIGNED_TO = /^assignedTo\('([!-&(-~]{1,256})'\)$/i;
const ROLE_NAME = /^roleName\s+eq\s+'([^']{1,512})'$/i;
const ROLE_TYPE = /^type\s+eq\s+'([a-z]{1,32})'$/i;

/**
 * `atScope()`, `principalId eq '…'`, `assignedTo('…')`, or the first with one of the others joined by `and`. `assignedTo`
 * includes the principal's groups as far as they are known: those that the caller's own token names. Throws ArmBadRequest.
 */
export function parseAssignmentFilter(filter: string | undefined, caller: Principal): AssignmentFilter {
  let below = true;
  let principalIds: readonly string[] | undefined;
  for (const term of terms(filter)) {
    const principal = PRINCIPAL.exec(term)?.[1];
    const assignee = ASSIGNED_TO.exec(term)?.[1];
    if (AT_SCOPE.test(term) && below) below = false;
    else if (principal !== undefined && principalIds === undefined) principalIds = [principal];
    else if (assignee !== undefined && principalIds === undefined) principalIds = withGroups(assignee, caller);
    else throw unsupported(term);
  }
  return { below, ...(principalIds === undefined ? {} : { principalIds }) };
}

/** `$filter` of a role definition list as a test; every role is built in and may be assigned at every scope. Throws ArmBadRequest. */
export function parseRoleFilter(filter: string | undefined): (role: { readonly name: string }) => boolean {
  const tests = terms(filter).map((term): ((role: { readonly name: string }) => boolean) => {
    const name = ROLE_NAME.exec(term)?.[1]?.toLowerCase();
    if (name !== undefined) return (role) => role.name.toLowerCase() === name;
    const type = ROLE_TYPE.exec(term)?.[1]?.toLowerCase();
    if (type !== undefined) return () => type === 'builtinrole';
    if (/^atScope(AndBelow)?\(\)$/i.test(term)) return () => true;
    throw unsupported(term);
  });
  return (role) => tests.every((test) => test(role));
}

function withGroups(assignee: string, caller: Principal): readonly string[] {
  return assignee.toLowerCase() === caller.oid.toLowerCase() ? [assignee, ...caller.groups] : [assignee];
}

function terms(filter: string | undefined): string[] {
  const text = filter?.trim() ?? '';
  return text === '' ? [] : text.split(AND);
}

function unsupported(term: string): CofferError {
  const shown = term.slice(0, 100).replace(/[^ -~]/g, '?');
  return new CofferError('ArmBadRequest', `The filter '${shown}' is not supported.`);
}
