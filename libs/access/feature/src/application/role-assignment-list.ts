import type { Page } from '@coffer/wire';
import { listAssignments } from '../postgres/list-assignments.js';
import { viewOfRow, type AssignmentView } from './assignment-view.js';
import type { AccessPorts } from './ports.js';

export interface AssignmentQuery {
  readonly scope: string;
  /** Also assignments at scopes below; those at the scope and above it always belong to the answer. */
  readonly below: boolean;
  /** Only assignments of these principals; absent for all. */
  readonly principalIds?: readonly string[];
}

const PAGE = 500;

/** Role assignments that reach a scope, in the order of their names, after `marker`. */
export async function roleAssignmentList(
  { database }: Pick<AccessPorts, 'database'>,
  query: AssignmentQuery,
  marker: string | undefined,
): Promise<Page<AssignmentView>> {
  const rows = await listAssignments(database, query, marker ?? '', PAGE + 1);
  const items = rows.slice(0, PAGE).map(viewOfRow);
  const last = items.at(-1);
  return rows.length > PAGE && last !== undefined ? { items, marker: last.name } : { items };
}
