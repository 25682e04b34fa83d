import type { AuditRow } from '@coffer/event-sourcing';

/** Takes audit records of requests that append no events. */
export interface AuditSink {
  /** Resolves when the record is durable. Throws ServiceUnavailable: the request must then be refused. */
  record(row: AuditRow): Promise<void>;
}
