import { AuditController } from '@coffer/audit-feature';
import type { Database } from '@coffer/event-sourcing';
import { testContext } from '../support/context.js';
import type { AuditSetup } from './audit-setup.js';

interface WireRecord {
  readonly index: number;
  readonly vaultIndex?: number;
  readonly recordId: string;
}
export interface WirePage {
  readonly value: readonly WireRecord[];
  readonly nextLink: string | null;
}
export type Query = Readonly<Record<string, string>>;

/** A page of the log's records, as the wire gives it. */
export async function read(
  query: Query,
  { database, ports }: AuditSetup,
  over: Database = database,
): Promise<WirePage> {
  const controller = new AuditController({ database: over, pager: ports.pager });
  const context = testContext('AuditRecordList', { query, baseUrl: 'https://audit.localhost:8443', apiVersion: '1.0' });
  const reply = await controller.handlers.AuditRecordList(context, undefined);
  return JSON.parse(JSON.stringify(reply.body)) as WirePage;
}

export const indexes = (page: WirePage) => page.value.map((record) => record.index);
export const queryOf = (link: string | null): Query => Object.fromEntries(new URL(link ?? '').searchParams);

/** Indexes of the records of every page, as a reader follows them; `atEachPage`: what happens in between. */
export async function walk(
  query: Query,
  setup: AuditSetup,
  atEachPage = (): Promise<void> => Promise.resolve(),
): Promise<number[]> {
  const seen: number[] = [];
  for (let next: Query | undefined = query; next !== undefined;) {
    const page: WirePage = await read(next, setup);
    seen.push(...indexes(page));
    next = page.nextLink === null ? undefined : queryOf(page.nextLink);
    await atEachPage();
  }
  return seen;
}
