import { OBJECT_ID_CLAIM, type AuditRecord } from '@coffer/wire/audit-record';

/** Which records a reader of the audit log asks for; absent members do not restrict. All must hold. */
export interface RecordFilter {
  /** Name (any case) or vaultId. */
  readonly vault?: string;
  /** Name of a key, secret, … (any case), or a URI: then the object with this URI and everything beneath it. */
  readonly object?: string;
  /** Object id (`oid`) or application id (`appid`) of the caller. */
  readonly principal?: string;
  /** Audit `operationName`, any case. */
  readonly operation?: string;
  readonly result?: 'Success' | 'Failure';
  /** HTTP status. */
  readonly status?: number;
  /** Milliseconds since the epoch; records of this instant are in. */
  readonly from?: number;
  /** Milliseconds since the epoch; records of this instant are out, so that adjoining windows share none. */
  readonly to?: number;
}

/** Longest value, in UTF-16 code units, under which a record can be found; bounds the index entry. */
export const MAX_TERM = 512;
/** Path segments of an object's URI that are indexed; a vault's objects have three, ARM ids up to ten. */
const MAX_DEPTH = 16;

const termKinds = {
  vault: 'v',
  object: 'o',
  principal: 'p',
  operation: 'n',
  result: 'r',
  status: 's',
} as const satisfies Partial<Record<keyof RecordFilter, string>>;

/**
 * The terms under which a record is found. A record passes a filter's terms when it carries all of them, so every
 * filter is one equality on an inverted index, in log order: the cost of a page does not depend on the log's size.
 */
export function recordTerms(record: AuditRecord): readonly string[] {
  const { claim } = record.identity;
  const terms = [
    ...valueTerms('vault', [record.vaultId, vaultNameOf(record.resourceId)]),
    ...valueTerms('object', objectNames(record.properties.id)),
    ...valueTerms('principal', [claim[OBJECT_ID_CLAIM], claim['appid']]),
    ...valueTerms('operation', [record.operationName]),
    ...valueTerms('result', [record.resultType]),
    ...valueTerms('status', [String(record.properties.httpStatusCode)]),
  ];
  return [...new Set(terms)];
}

/** Gives `recordTerms` of records that come together: most of them differ in nothing that terms are made of. */
export function termReader(): (record: AuditRecord) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (record) => {
    const { claim } = record.identity;
    const { id, httpStatusCode } = record.properties;
    const { vaultId, resourceId, operationName, resultType } = record;
    const ids = [claim[OBJECT_ID_CLAIM], claim['appid']];
    // JSON, because whatever joins them might be in one of them.
    const values = JSON.stringify([vaultId, resourceId, id, ...ids, operationName, resultType, httpStatusCode]);
    let terms = known.get(values);
    if (terms === undefined) known.set(values, (terms = recordTerms(record)));
    return terms;
  };
}

/** The terms that a record must carry to pass; `from` and `to` are not among them. */
export function filterTerms(filter: RecordFilter): readonly string[] {
  const { vault, object, principal, operation, result, status } = filter;
  return [
    ...(vault === undefined ? [] : [term('vault', vault)]),
    ...(object === undefined ? [] : [term('object', normalUri(object))]),
    ...(principal === undefined ? [] : [term('principal', principal)]),
    ...(operation === undefined ? [] : [term('operation', operation)]),
    ...(result === undefined ? [] : [term('result', result)]),
    ...(status === undefined ? [] : [term('status', String(status))]),
  ];
}

function valueTerms(kind: keyof typeof termKinds, values: readonly (string | undefined)[]): string[] {
  return values
    .filter((value): value is string => value !== undefined && value !== '' && value.length <= MAX_TERM)
    .map((value) => term(kind, value));
}

/** PostgreSQL's text cannot hold NUL. */
function term(kind: keyof typeof termKinds, value: string): string {
  return `${termKinds[kind]}:${value.toLowerCase().replaceAll('\0', '\ufffd')}`;
}

function vaultNameOf(resourceId: string): string | undefined {
  return /\/vaults\/([^/]+)$/i.exec(resourceId)?.[1];
}

/** An object's name, its URI and every URI above it: `https://v/keys/k/1` → k, https://v, https://v/keys, … */
function objectNames(id: string): string[] {
  const uri = normalUri(id);
  const [, root = '', path = ''] = /^([a-z][a-z0-9+.-]*:\/\/[^/]*)?(.*)$/is.exec(uri) ?? [];
  const segments = path.split('/').slice(1, MAX_DEPTH + 1);
  const names = root === '' ? [] : [root];
  segments.forEach((_, depth) => names.push(`${root}/${segments.slice(0, depth + 1).join('/')}`));
  // `{collection}/{name}[/{version}]` under a vault's host, otherwise an ARM id, which ends in the name.
  const name = root === '' ? segments.at(-1) : segments[1];
  return name === undefined ? names : [...names, name];
}

/** Query, fragment and trailing slashes do not tell objects apart. */
function normalUri(uri: string): string {
  let end = uri.search(/[?#]/);
  if (end === -1) end = uri.length;
  while (end > 0 && uri[end - 1] === '/') end -= 1;
  return uri.slice(0, end);
}
