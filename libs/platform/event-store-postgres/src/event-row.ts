import type { EventMeta, RecordedEvent } from '@coffer/event-sourcing';

export interface EventRow {
  readonly stream_id: string;
  readonly stream_version: number;
  readonly vault_id: string;
  readonly vault_seq: string;
  readonly epoch: number;
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly recorded_at: Date;
  readonly data: unknown;
  readonly sealed: string | null;
  readonly meta: EventMeta;
}

export const eventColumns =
  'stream_id, stream_version, vault_id, vault_seq, epoch, event_id, type, schema_version, recorded_at, data, sealed, meta';

export function toRecorded(row: EventRow): RecordedEvent {
  return {
    eventId: row.event_id,
    type: row.type,
    schemaVersion: row.schema_version,
    vaultId: row.vault_id,
    vaultSeq: Number(row.vault_seq),
    epoch: row.epoch,
    streamId: row.stream_id,
    streamVersion: row.stream_version,
    recordedAt: row.recorded_at.toISOString(),
    data: row.data,
    ...(row.sealed === null ? {} : { sealed: row.sealed }),
    meta: row.meta,
  };
}
