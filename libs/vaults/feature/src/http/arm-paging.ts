import { CofferError } from '@coffer/kernel';
import type { Page, Pager, RequestContext } from '@coffer/wire';

const DEFAULT_TOP = 100;
const MAX_TOP = 1000;

/** `$top` of an ARM list: items of a page, 1 to 1000, default 100. Throws ArmBadRequest. */
export function topOf({ query }: Pick<RequestContext, 'query'>): number {
  const text = query['$top'];
  if (text === undefined) return DEFAULT_TOP;
  const top = Number(text);
  if (/^\d{1,6}$/.test(text) && top >= 1) return Math.min(top, MAX_TOP);
  throw new CofferError('ArmBadRequest', 'The value of $top must be a positive integer.');
}

/** A page of an ARM list: `load(after, limit)` reads rows after a marker, in order; one more row than asked tells of a next page. */
export async function armPage<Row>(
  pager: Pager,
  context: RequestContext,
  list: {
    /** Canonical path and scope of the token. */
    readonly path: string;
    readonly load: (after: string, limit: number) => Promise<readonly Row[]>;
    readonly markerOf: (row: Row) => string;
    readonly map: (row: Row) => unknown;
  },
): Promise<{ readonly value: unknown[]; readonly nextLink?: string }> {
  const { query, baseUrl, apiVersion } = context;
  const { path, markerOf } = list;
  const top = topOf(context);
  const scope = path.toLowerCase();
  const rows = await list.load(pager.marker(query, scope) ?? '', top + 1);
  const items = rows.slice(0, top);
  const last = items.at(-1);
  const page: Page<Row> = rows.length > top && last !== undefined ? { items, marker: markerOf(last) } : { items };
  const { value, nextLink } = pager.toWire(page, { baseUrl, path, apiVersion, scope, query: {} }, list.map);
  if (nextLink === null) return { value };
  return { value, nextLink: query['$top'] === undefined ? nextLink : `${nextLink}&$top=${top}` };
}
