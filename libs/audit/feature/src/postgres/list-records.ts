import type { RecordFilter } from '@coffer/audit-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import { joinPostings, MAX_BLOCK } from './postings.js';
import { SPAN } from './records.js';

export type Order = 'asc' | 'desc';

export interface RecordRow {
  /** Position in the log, from 0. */
  readonly index: number;
  /** Position among the vault's records, from 0; null outside a vault. */
  readonly vaultIndex: number | null;
  /** Canonical JSON. */
  readonly canonical: string;
}

export interface RecordPage {
  readonly order: Order;
  /** Index of the last record that the reader has; absent for the first page. */
  readonly after?: number;
  readonly limit: number;
}

/**
 * Records that pass the filter, by index. Each term joins the inverted index, block by block, and every joined table gets the
 * bounds of the page by itself (the planner does not pass an inequality on), so that a page far down costs as much as the first.
 */
export async function listRecords(
  client: SqlClient,
  filter: RecordFilter,
  page: RecordPage,
): Promise<readonly RecordRow[]> {
  const { text, values } = listStatement(filter, page);
  const { rows } = await client.query<{ log_index: string; vault_index: string | null; record: string }>(text, values);
  return rows.map((row) => ({
    index: Number(row.log_index),
    vaultIndex: row.vault_index === null ? null : Number(row.vault_index),
    canonical: row.record,
  }));
}

function listStatement(filter: RecordFilter, page: RecordPage): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const { from: tables, blocks, order, ...postings } = joinPostings(filter, bind);
  const conditions = [...postings.conditions];
  /** First index of a window, or one that is not much lower. */
  const atLeast = (index: string) => {
    conditions.push(`r.log_index >= ${index}`, ...blocks.map((block) => `${block} > ${index} - ${MAX_BLOCK}`));
  };
  /** End of a window, or one that is not much higher. */
  const below = (index: string) => {
    conditions.push(`r.log_index < ${index}`, ...blocks.map((block) => `${block} < ${index}`));
  };
  if (page.after !== undefined && page.order === 'asc') atLeast(`${bind(page.after + 1)}::bigint`);
  if (page.after !== undefined && page.order === 'desc') below(`${bind(page.after)}::bigint`);
  if (filter.from !== undefined) {
    const from = `${bind(isoTime(filter.from))}::timestamptz`;
    atLeast(spanEdge('min', `latest >= ${from}`, 0));
    conditions.push(`r.time >= ${from}`);
  }
  if (filter.to !== undefined) {
    const to = `${bind(isoTime(filter.to))}::timestamptz`;
    below(spanEdge('max', `earliest < ${to}`, 1));
    conditions.push(`r.time < ${to}`);
  }
  const direction = page.order === 'asc' ? 'ASC' : 'DESC';
  const text = [
    `SELECT r.log_index, r.vault_index, r.record FROM ${tables}`,
    conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`,
    `ORDER BY ${order.map((column) => `${column} ${direction}`).join(', ')} LIMIT ${bind(page.limit)}`,
  ].join('\n');
  return { text, values };
}

/** First index of the lowest, or end of the highest, span that has a record on the right side of an instant; NULL when none has. */
function spanEdge(edge: 'min' | 'max', condition: string, plus: 0 | 1): string {
  const direction = edge === 'min' ? 'ASC' : 'DESC';
  return `(SELECT (span + ${plus}) * ${SPAN} FROM audit_spans WHERE ${condition} ORDER BY span ${direction} LIMIT 1)`;
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
