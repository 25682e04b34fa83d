import {
  CommandHandler,
  streamIdOf,
  type AppendRequest,
  type CommandOutcome,
  type Decider,
  type DomainEvent,
  type EventStore,
} from '@coffer/event-sourcing';
import type { Commander } from '@coffer/wire';
import { eventSealer, type DataKey } from './sealer.js';

export interface ObjectCommandRequest<Command> {
  readonly objectId: string;
  /** The objectId was minted for this command. */
  readonly isNew?: boolean;
  readonly command: Command;
  /** DEK of the object's descriptive text; absent only when the object is destroyed whatever its state. */
  readonly objectDek?: DataKey;
  readonly material?: AppendRequest['material'];
}

const SUCCESS = 200;

/** Runs commands against the aggregates of one kind of object, with the request's audit record in the same transaction. */
export class ObjectCommands<State, Command, Event extends DomainEvent> {
  readonly #handler: CommandHandler<State, Command, Event>;

  constructor(
    store: EventStore,
    decider: Decider<State, Command, Event>,
    private readonly aggregate: string,
  ) {
    this.#handler = new CommandHandler(store, decider);
  }

  /** `status` is the HTTP status that success will have. Throws what the decider refuses with, Conflict, ServiceUnavailable. */
  async run(
    by: Commander,
    request: ObjectCommandRequest<Command>,
    status = SUCCESS,
  ): Promise<CommandOutcome<State, Event>> {
    const { objectId, command, objectDek, material, isNew } = request;
    const outcome = await this.#handler.handle({
      vaultId: by.vaultId,
      streamId: streamIdOf(this.aggregate, objectId),
      ...(isNew === undefined ? {} : { newStream: isNew }),
      command,
      meta: by.meta,
      now: by.now,
      ...(objectDek === undefined ? {} : { sealer: eventSealer(objectDek) }),
      ...(material === undefined ? {} : { material }),
      ...(by.audit === undefined ? {} : { audit: by.audit.row(status) }),
    });
    // Nothing decided, nothing appended: then the pipeline records the request.
    if (outcome.events.length > 0) by.audit?.committed();
    return outcome;
  }

  /** The present state of an object. */
  async load(objectId: string, objectDek: DataKey): Promise<State> {
    return (await this.#handler.load(streamIdOf(this.aggregate, objectId), eventSealer(objectDek))).state;
  }
}
