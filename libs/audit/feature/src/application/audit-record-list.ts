import type { RecordFilter } from '@coffer/audit-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import type { Page } from '@coffer/wire';
import { listRecords, type Order, type RecordRow } from '../postgres/list-records.js';

export interface RecordQuery {
  readonly filter: RecordFilter;
  readonly order: Order;
  /** Records of a page. */
  readonly top: number;
}

/** One page of the log. New records do not move a page: they only come before the first (newest first) or after the last. */
export async function auditRecordList(
  client: SqlClient,
  query: RecordQuery,
  marker: string | undefined,
): Promise<Page<RecordRow>> {
  // One more than asked tells whether another page follows.
  const rows = await listRecords(client, query.filter, {
    order: query.order,
    limit: query.top + 1,
    ...(marker === undefined ? {} : { after: Number(marker) }),
  });
  const items = rows.slice(0, query.top);
  const last = items.at(-1);
  return rows.length > items.length && last !== undefined ? { items, marker: String(last.index) } : { items };
}
