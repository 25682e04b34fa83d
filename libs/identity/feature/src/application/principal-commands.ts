import {
  CommandHandler,
  type CommandOutcome,
  type EventMeta,
  type EventSealer,
  type EventStore,
  type MaterialRow,
} from '@coffer/event-sourcing';
import {
  identityVaultId,
  principalDecider,
  principalStreamId,
  type PrincipalCommand,
  type PrincipalEvent,
  type PrincipalState,
} from '@coffer/identity-domain';
import type { RequestAudit, RequestContext } from '@coffer/wire';

/** Who commands. */
export interface Commander {
  readonly meta: EventMeta;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Absent when no request is behind the command. */
  readonly audit?: RequestAudit;
}

export function commanderOf({ meta, now, audit }: RequestContext): Commander {
  return { meta, now, audit };
}

export interface PrincipalRequest {
  readonly objectId: string;
  readonly command: PrincipalCommand;
  /** Needed for passwords: what they hold is sealed under the principal's DEK. */
  readonly sealer?: EventSealer;
  /** The DEK of a new principal. */
  readonly insert?: readonly MaterialRow[];
  /** Destroys the DEK, and with it every password that the log holds. */
  readonly shred?: boolean;
  /** HTTP status that success will have. */
  readonly status: number;
}

/** Runs commands against service principals, with the request's audit record in the same transaction. */
export class PrincipalCommands {
  readonly #handler: CommandHandler<PrincipalState, PrincipalCommand, PrincipalEvent>;

  constructor(store: EventStore) {
    this.#handler = new CommandHandler(store, principalDecider);
  }

  /** Throws what the decider refuses with, Conflict, ServiceUnavailable. */
  async run(by: Commander, request: PrincipalRequest): Promise<CommandOutcome<PrincipalState, PrincipalEvent>> {
    const { objectId, command, sealer, insert, shred } = request;
    const material = {
      ...(insert === undefined ? {} : { insert }),
      ...(shred === true ? { deleteObjects: [objectId] } : {}),
    };
    const outcome = await this.#handler.handle({
      vaultId: identityVaultId,
      streamId: principalStreamId(objectId),
      command,
      meta: by.meta,
      now: by.now,
      ...(sealer === undefined ? {} : { sealer }),
      ...(Object.keys(material).length === 0 ? {} : { material }),
      ...(by.audit === undefined ? {} : { audit: by.audit.row(request.status) }),
    });
    if (outcome.events.length > 0) by.audit?.committed();
    return outcome;
  }
}
