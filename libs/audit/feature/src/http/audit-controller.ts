import type { Reply, HandlersOf, RequestContext, auditOperations } from '@coffer/wire';
import { auditRecordList } from '../application/audit-record-list.js';
import type { AuditPorts } from '../application/ports.js';
import type { RecordRow } from '../postgres/list-records.js';
import { logSize } from '../postgres/sequence.js';
import { RecordStreams } from './record-stream.js';
import { filterNames, parseRecordQuery, parseStreamQuery } from './record-query.js';

/** Reading the audit log, on the `audit.` host. */
export class AuditController {
  readonly handlers: HandlersOf<typeof auditOperations> = {
    AuditRecordList: (context) => this.#list(context),
    AuditRecordStream: (context) => this.#stream(context),
  };

  readonly #streams = new RecordStreams();

  constructor(private readonly ports: Pick<AuditPorts, 'database' | 'pager'>) {}

  /** New records as they come, or all after the last one that the reader has seen. */
  async #stream({ query, baseUrl, audit, lastEventId }: RequestContext): Promise<Reply> {
    audit.describe({ id: `${baseUrl}/stream` });
    const { database } = this.ports;
    const asked = parseStreamQuery({ ...query, ...(lastEventId === undefined ? {} : { lastEventId }) });
    const after = asked.lastEventId ?? (await logSize(database)) - 1;
    return { events: this.#streams.open(database, asked.filter, after, toWireRecord) };
  }

  async #list({ query, baseUrl, apiVersion, audit }: RequestContext): Promise<Reply> {
    const { database, pager } = this.ports;
    audit.describe({ id: `${baseUrl}/records` });
    const recordQuery = parseRecordQuery(query);
    // The token is good for the same question only; how many records a page holds is no part of the question.
    const scope = JSON.stringify(['records', recordQuery.order, recordQuery.filter]);
    const page = await auditRecordList(database, recordQuery, pager.marker(query, scope));
    const wire = pager.toWire(page, { baseUrl, path: '/records', apiVersion, scope, query: {} }, toWireRecord);
    return { body: { ...wire, nextLink: wire.nextLink === null ? null : wire.nextLink + repeated(query) } };
  }
}

/** The record as it was canonicalised, with its numbers. */
function toWireRecord(row: RecordRow): unknown {
  const numbers = row.vaultIndex === null ? { index: row.index } : { index: row.index, vaultIndex: row.vaultIndex };
  return { ...(JSON.parse(row.canonical) as object), ...numbers };
}

/** The parameters that the next page needs again. */
function repeated(query: Readonly<Record<string, string | undefined>>): string {
  return [...filterNames, 'order', 'top']
    .flatMap((name) => {
      const value = query[name];
      return value === undefined ? [] : [`&${name}=${encodeURIComponent(value)}`];
    })
    .join('');
}
