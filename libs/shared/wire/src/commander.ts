import type { EventMeta } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import type { RequestAudit, VaultRequestContext } from './request-context.js';

/** Who commands, in which vault. */
export interface Commander {
  readonly vaultId: string;
  readonly meta: EventMeta;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Absent when no request is behind the command. */
  readonly audit?: RequestAudit;
}

export function commanderOf(context: VaultRequestContext): Commander {
  return { vaultId: context.vault.vaultId, meta: context.meta, now: context.now, audit: context.audit };
}

/** The service itself, as the principal `oid` (`system:purge`). `now` in milliseconds since the epoch. */
export function systemCommander(oid: string, vaultId: string, now: number, region: string): Commander {
  return { vaultId, now, meta: { actor: { oid }, correlationId: newId(), region } };
}
