import {
  roleAssignmentDecider,
  type RoleAssignmentCommand,
  type RoleAssignmentEvent,
  type RoleAssignmentState,
} from '@coffer/access-domain';
import { CommandHandler, type CommandOutcome, type EventMeta, type EventStore } from '@coffer/event-sourcing';
import type { RequestAudit, RequestContext } from '@coffer/wire';
import { assignmentStreamId, POLICY_LOG } from './policy-log.js';

/** Who commands. */
export interface Commander {
  readonly meta: EventMeta;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Absent when no request is behind the command. */
  readonly audit?: RequestAudit;
}

export type AssignmentOutcome = CommandOutcome<RoleAssignmentState, RoleAssignmentEvent>;

export function commanderOf(context: RequestContext): Commander {
  return { meta: context.meta, now: context.now, audit: context.audit };
}

/**
 * States are not kept between commands: one that another instance has outdated could make a revocation look as if it had
 * nothing to do. A stream has a handful of events.
 */
const NO_CACHE = 0;

/** Runs commands against role assignments, with the request's audit record in the same transaction. */
export class AssignmentCommands {
  readonly #handler: CommandHandler<RoleAssignmentState, RoleAssignmentCommand, RoleAssignmentEvent>;

  constructor(store: EventStore) {
    this.#handler = new CommandHandler(store, roleAssignmentDecider, NO_CACHE);
  }

  /** `status` is the HTTP status that success will have. Throws what the decider refuses with, Conflict, ServiceUnavailable. */
  async run(by: Commander, command: RoleAssignmentCommand, status: number): Promise<AssignmentOutcome> {
    const outcome = await this.#handler.handle({
      vaultId: POLICY_LOG,
      streamId: assignmentStreamId(command.name),
      command,
      meta: by.meta,
      now: by.now,
      ...(by.audit === undefined ? {} : { audit: by.audit.row(status) }),
    });
    // Nothing decided, nothing appended: then the pipeline records the request.
    if (outcome.events.length > 0) by.audit?.committed();
    return outcome;
  }

  /** True when an assignment of this name was ever made, also when it has been revoked since. */
  async everMade(name: string): Promise<boolean> {
    return (await this.#handler.load(assignmentStreamId(name))).version > 0;
  }
}
