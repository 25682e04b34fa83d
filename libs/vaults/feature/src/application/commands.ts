import {
  CommandHandler,
  type CommandOutcome,
  type Decider,
  type DomainEvent,
  type EventStore,
} from '@coffer/event-sourcing';
import type { Commander as VaultCommander, RequestContext } from '@coffer/wire';
import {
  resourceGroupDecider,
  subscriptionDecider,
  vaultDecider,
  type ResourceGroupCommand,
  type SubscriptionCommand,
  type VaultCommand,
  type VaultEvent,
  type VaultState,
} from '@coffer/vaults-domain';
import { DIRECTORY_LOG, resourceGroupStreamId, subscriptionStreamId, vaultStreamId } from './streams.js';

/** Who commands; which log, and so which vault, is the command's own. */
export type Commander = Omit<VaultCommander, 'vaultId'>;

export function commanderOf({ meta, now, audit }: RequestContext): Commander {
  return { meta, now, audit };
}

const SUCCESS = 200;

/** Runs commands of vault management, with the request's audit record in the same transaction. */
export class VaultCommands {
  readonly #vaults: Runner<VaultState, VaultCommand, VaultEvent>;
  readonly #subscriptions;
  readonly #groups;

  constructor(store: EventStore) {
    this.#vaults = new Runner(store, vaultDecider);
    this.#subscriptions = new Runner(store, subscriptionDecider);
    this.#groups = new Runner(store, resourceGroupDecider);
  }

  /** Throws what the decider refuses with, Conflict, ServiceUnavailable. */
  vault(by: Commander, vaultId: string, command: VaultCommand): Promise<CommandOutcome<VaultState, VaultEvent>> {
    return this.#vaults.run(by, vaultId, vaultStreamId(vaultId), command, SUCCESS);
  }

  async subscription(by: Commander, command: SubscriptionCommand): Promise<void> {
    const streamId = subscriptionStreamId(command.subscriptionId);
    await this.#subscriptions.run(by, DIRECTORY_LOG, streamId, command, SUCCESS);
  }

  async resourceGroup(by: Commander, command: ResourceGroupCommand, status: number): Promise<void> {
    const streamId = resourceGroupStreamId(command.group.resourceGroupId);
    await this.#groups.run(by, DIRECTORY_LOG, streamId, command, status);
  }
}

class Runner<State, Command, Event extends DomainEvent> {
  readonly #handler: CommandHandler<State, Command, Event>;

  constructor(store: EventStore, decider: Decider<State, Command, Event>) {
    this.#handler = new CommandHandler(store, decider);
  }

  async run(by: Commander, vaultId: string, streamId: string, command: Command, status: number) {
    const { meta, now, audit } = by;
    const row = audit?.row(status);
    const outcome = await this.#handler.handle({
      vaultId,
      streamId,
      command,
      meta,
      now,
      ...(row === undefined ? {} : { audit: row }),
    });
    // Nothing decided, nothing appended: then the pipeline records the request.
    if (outcome.events.length > 0) audit?.committed();
    return outcome;
  }
}
