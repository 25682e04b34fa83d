import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { OwnerLog, RecordedEvent } from '@coffer/event-sourcing';
import { answer } from '../answer.js';
import type { Peer } from '../peer.js';
import type { GrpcBinding } from '../server.js';

const PACKAGE = 'coffer.eventlog.v1';
const SERVICE = 'OwnerLog';
const MAX_EVENTS = 500;

interface ReadVaultRequest {
  readonly vaultId: string;
  readonly fromSeq: number;
  readonly limit: number;
}

type Head = Awaited<ReturnType<OwnerLog['heads']>>[number];

/** Lets those who follow a service's events read what they have missed (proto/owner_log.proto). */
export function ownerLogBinding(log: OwnerLog, callers: readonly string[]): GrpcBinding {
  @Controller()
  class OwnerLogController {
    @GrpcMethod(SERVICE, 'ReadVault')
    readVault({ vaultId, fromSeq, limit }: ReadVaultRequest): Promise<{ readonly events: readonly Buffer[] }> {
      return answer(async () => {
        const events = await log.readVault(vaultId, fromSeq, Math.min(limit, MAX_EVENTS));
        return { events: events.map((event) => Buffer.from(JSON.stringify(event), 'utf8')) };
      });
    }

    @GrpcMethod(SERVICE, 'Heads')
    heads(): Promise<{ readonly heads: readonly Head[] }> {
      return answer(async () => ({ heads: await log.heads() }));
    }
  }
  return {
    package: PACKAGE,
    controllers: [OwnerLogController],
    allow: { [`/${PACKAGE}.${SERVICE}/ReadVault`]: callers, [`/${PACKAGE}.${SERVICE}/Heads`]: callers },
  };
}

/** The log of another service. */
export function remoteOwnerLog(peer: Peer): OwnerLog {
  return {
    readVault: async (vaultId, fromSeq, limit) => {
      const request: ReadVaultRequest = { vaultId, fromSeq, limit: Math.min(limit, MAX_EVENTS) };
      const { events } = await peer.call<{ readonly events: readonly Buffer[] }>(
        PACKAGE,
        SERVICE,
        'readVault',
        request,
        { idempotent: true },
      );
      return events.map((bytes) => JSON.parse(bytes.toString('utf8')) as RecordedEvent);
    },
    heads: async () => {
      const { heads } = await peer.call<{ readonly heads: readonly Head[] }>(
        PACKAGE,
        SERVICE,
        'heads',
        {},
        { idempotent: true, deadlineMs: 10_000 },
      );
      return heads;
    },
  };
}
