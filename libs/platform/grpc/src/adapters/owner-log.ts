import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { OwnerLog, RecordedEvent } from '@coffer/event-sourcing';
import type { Peer } from '../peer.js';
import type { GrpcBinding } from '../server.js';

const PACKAGE = 'coffer.eventlog.v1';
const SERVICE = 'OwnerLog';
const MAX_EVENTS = 100;
/** Of the events in one answer, where there is more than one: messages are bounded. */
const MAX_BYTES = 2 * 1024 * 1024;
const MAX_HEADS = 10_000;

interface ReadVaultRequest {
  readonly vaultId: string;
  readonly fromSeq: number;
  readonly limit: number;
}
interface ReadVaultResponse {
  readonly events: readonly Buffer[];
}
interface HeadsRequest {
  readonly after: string;
  readonly limit: number;
}
type Head = Awaited<ReturnType<OwnerLog['heads']>>[number];
interface HeadsResponse {
  readonly heads: readonly Head[];
  readonly more: boolean;
}

/** Lets those who follow a service's events read what they have missed (proto/owner_log.proto). */
export function ownerLogBinding(log: OwnerLog, callers: readonly string[]): GrpcBinding {
  @Controller()
  class OwnerLogController {
    @GrpcMethod(SERVICE, 'ReadVault')
    async readVault({ vaultId, fromSeq, limit }: ReadVaultRequest): Promise<ReadVaultResponse> {
      const events = await log.readVault(vaultId, fromSeq, Math.min(limit, MAX_EVENTS));
      return { events: fitting(events.map((event) => Buffer.from(JSON.stringify(event), 'utf8'))) };
    }

    @GrpcMethod(SERVICE, 'Heads')
    async heads({ after, limit }: HeadsRequest): Promise<HeadsResponse> {
      const heads = await log.heads();
      // A caller of the version before this one asks for all at once.
      if (limit === 0) return { heads, more: false };
      const left = heads.filter(({ vaultId }) => vaultId > after).sort((a, b) => (a.vaultId < b.vaultId ? -1 : 1));
      const page = left.slice(0, Math.min(limit, MAX_HEADS));
      return { heads: page, more: page.length < left.length };
    }
  }
  return {
    package: PACKAGE,
    controllers: [OwnerLogController],
    allow: { [`/${PACKAGE}.${SERVICE}/ReadVault`]: callers, [`/${PACKAGE}.${SERVICE}/Heads`]: callers },
  };
}

/** As many as go into one answer, at least one: the caller asks for what follows. */
function fitting(events: readonly Buffer[]): readonly Buffer[] {
  let bytes = 0;
  const end = events.findIndex((event, index) => (bytes += event.length) > MAX_BYTES && index > 0);
  return end < 0 ? events : events.slice(0, end);
}

/** The log of another service. `readVault` may return fewer events than there are; the first is there if any is. */
export function remoteOwnerLog(peer: Peer): OwnerLog {
  return {
    readVault: async (vaultId, fromSeq, limit) => {
      const request: ReadVaultRequest = { vaultId, fromSeq, limit: Math.min(limit, MAX_EVENTS) };
      const { events } = await peer.call<ReadVaultResponse>(PACKAGE, SERVICE, 'readVault', request, {
        idempotent: true,
        deadlineMs: 10_000,
      });
      return events.map((bytes) => JSON.parse(bytes.toString('utf8')) as RecordedEvent);
    },
    heads: async () => {
      const heads: Head[] = [];
      for (;;) {
        const request: HeadsRequest = { after: heads.at(-1)?.vaultId ?? '', limit: MAX_HEADS };
        const page = await peer.call<HeadsResponse>(PACKAGE, SERVICE, 'heads', request, {
          idempotent: true,
          deadlineMs: 10_000,
        });
        heads.push(...page.heads);
        if (!page.more || page.heads.length === 0) return heads;
      }
    },
  };
}
