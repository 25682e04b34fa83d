import {
  integers,
  lines,
  type AppendRequest,
  type AuditRow,
  type PendingEvent,
  type RecordedEvent,
  type SqlClient,
} from '@coffer/event-sourcing';

/** One append of a group: what was asked for, and the events of it. */
export interface GroupedAppend {
  readonly request: AppendRequest;
  readonly events: readonly PendingEvent[];
  /** `data` of each event, as JSON text. */
  readonly bodies: readonly string[];
}

interface Head {
  readonly head_vault_id: string;
  readonly head_seq: string;
  readonly head_epoch: number;
}

/** Function of the first migration: takes numbers, checks versions, inserts events and audit records. */
const APPEND_EVENTS = `SELECT * FROM append_events($1, $2::int[], $3, $4::int[], $5, $6, $7::int[], $8::smallint[], $9,
  $10::smallint[], $11, $12, $13, $14, $15, $16, $17)`;

/** Stores the appends of a group in one statement; returns the stored events of each, in the group's order. */
export async function insertEvents(client: SqlClient, group: readonly GroupedAppend[]): Promise<RecordedEvent[][]> {
  const numbers = numberWithin(group);
  const events = group.flatMap((append) => append.events);
  const audits = group.flatMap(({ request }) => request.audit ?? []);
  const { rows } = await client.query<Head>(APPEND_EVENTS, [
    lines([...numbers.added.keys()]),
    integers([...numbers.added.values()]),
    lines(events.map((event) => event.vaultId)),
    integers(numbers.back.flat()),
    lines(events.map((event) => event.eventId)),
    lines(events.map((event) => event.streamId)),
    integers(events.map((event) => event.streamVersion)),
    integers(group.flatMap((append) => append.events.map((_, i) => (i === 0 ? append.events.length : 0)))),
    lines(events.map((event) => event.type)),
    integers(events.map((event) => event.schemaVersion)),
    lines(events.map((event) => event.recordedAt)),
    lines(group.flatMap((append) => append.bodies)),
    lines(events.map((event) => event.sealed ?? '')),
    lines(group.flatMap(metasOf)),
    ...auditLists(audits),
  ]);
  const heads = new Map(rows.map((head) => [head.head_vault_id, head]));
  return group.map(({ request, events: own }, a) => {
    const head = heads.get(request.vaultId);
    if (head === undefined) throw new Error('an append got no numbers');
    return own.map((event, i) => ({
      ...event,
      vaultSeq: Number(head.head_seq) - (numbers.back[a]?.[i] ?? 0),
      epoch: head.head_epoch,
    }));
  });
}

/** How many events each vault gets, and each event's distance from the last one of its vault. */
function numberWithin(group: readonly GroupedAppend[]): { added: Map<string, number>; back: number[][] } {
  const added = new Map<string, number>();
  const back: number[][] = [];
  for (let a = group.length - 1; a >= 0; a -= 1) {
    const { request, events } = group[a] as GroupedAppend;
    const behind = added.get(request.vaultId) ?? 0;
    back[a] = events.map((_, i) => behind + events.length - 1 - i);
    added.set(request.vaultId, behind + events.length);
  }
  return { added, back };
}

function metasOf({ request, events }: GroupedAppend): string[] {
  const meta = JSON.stringify(request.meta);
  return events.map(() => meta);
}

/** Values of `record_id`, `key` and `body`, as lists. */
export function auditLists(rows: readonly AuditRow[]): [string, string, string] {
  return [
    lines(rows.map((row) => row.recordId)),
    lines(rows.map(auditKey)),
    lines(rows.map((row) => JSON.stringify(row.body))),
  ];
}

/** Records of one key keep their order: those of a vault, or of a service outside vaults. */
function auditKey({ body }: AuditRow): string {
  const { vaultId, service } = body as { readonly vaultId?: unknown; readonly service?: unknown };
  return typeof vaultId === 'string' ? vaultId : typeof service === 'string' ? service : '';
}
