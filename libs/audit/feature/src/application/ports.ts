import type { NoteKey } from '@coffer/audit-domain';
import type { Database, Feed } from '@coffer/event-sourcing';
import type { Clock } from '@coffer/kernel';
import type { Pager } from '@coffer/wire';

/** A message on the audit topic that could not become a record. */
export interface ParkedMessage {
  readonly messageId: string;
  readonly key: string;
  /** Names the member at fault, never its value. */
  readonly reason: string;
}

/** What the audit log needs from the app that composes it. */
export interface AuditPorts {
  /** The audit log's own database. */
  readonly database: Database;
  readonly feed: Feed;
  readonly pager: Pager;
  readonly clock: Clock;
  /** Raises an alarm; called once per parked message, after it is kept. Must not throw. */
  readonly onParked: (parked: ParkedMessage) => void;
  /** Raises an alarm: the tree could not be grown or signed; it is tried again. Must not throw. */
  readonly onTreeFault: (error: unknown) => void;
  /** Lets the tree wait while requests need the processor; `ageMs`: since it was last looked after. */
  readonly treeMayWait?: (ageMs: number) => boolean;
  /** Signs tree heads: an Ed25519 private key, and the log's name. */
  readonly signer: NoteKey;
}
