import { CofferError, isCofferError, KeyedMutex, newId } from '@coffer/kernel';
import type { Decider } from './decider.js';
import type { DomainEvent, EventMeta, RecordedEvent } from './event.js';
import { ConcurrencyConflict, type AppendRequest, type AuditRow, type EventStore } from './ports.js';
import { StreamCache } from './stream-cache.js';

/** Encrypts and decrypts the `sealed` part of events under the object's DEK. */
export interface EventSealer {
  seal(descriptive: Readonly<Record<string, unknown>>): string;
  /** `undefined` when the DEK has been destroyed. */
  unseal(ciphertext: string): Readonly<Record<string, unknown>> | undefined;
}

export interface CommandRequest<Command> {
  readonly vaultId: string;
  readonly streamId: string;
  /** The stream's id was made for this command: there is nothing of it to read in the log. */
  readonly newStream?: boolean;
  readonly command: Command;
  readonly meta: EventMeta;
  /** Milliseconds since the epoch; becomes `recordedAt`. */
  readonly now: number;
  /** Defaults to a fresh id (no idempotency beyond this call). */
  readonly commandId?: string;
  readonly sealer?: EventSealer;
  readonly material?: AppendRequest['material'];
  readonly audit?: AuditRow;
}

export interface CommandOutcome<State, Event extends DomainEvent> {
  readonly state: State;
  readonly events: readonly RecordedEvent<Event>[];
  readonly duplicate: boolean;
}

/** How often a decision is made again when another process wrote the same stream meanwhile. */
const ATTEMPTS = 4;
/** Events of a stream that are in memory at a time: one may have a megabyte, and a stream has as many as it likes. */
const PAGE = 100;

/**
 * load → decide → append for one aggregate type. Commands of one stream queue inside this process; against other
 * processes the stream version guards, with a bounded number of fresh decisions.
 */
export class CommandHandler<State, Command, Event extends DomainEvent> {
  readonly #queue = new KeyedMutex();
  readonly #cache: StreamCache<State>;

  constructor(
    private readonly store: EventStore,
    private readonly decider: Decider<State, Command, Event>,
    cacheEntries = 10_000,
  ) {
    this.#cache = new StreamCache(cacheEntries);
  }

  handle(request: CommandRequest<Command>): Promise<CommandOutcome<State, Event>> {
    return this.#queue.run(request.streamId, () => this.#decideAndAppend(request));
  }

  /** The aggregate's present state, from the log. */
  async load(streamId: string, sealer?: EventSealer): Promise<{ state: State; version: number }> {
    const known = this.#cache.get(streamId) ?? { state: this.decider.initialState, version: 0 };
    const evolve = this.decider.replay?.() ?? this.decider.evolve.bind(this.decider);
    let entry = known;
    for (let more = true; more;) {
      const events = await this.store.load(streamId, entry.version, PAGE);
      more = events.length === PAGE;
      entry = { state: this.#fold(evolve, entry.state, events, sealer), version: entry.version + events.length };
    }
    if (entry.version > known.version) this.#cache.set(streamId, entry);
    return entry;
  }

  async #decideAndAppend(request: CommandRequest<Command>): Promise<CommandOutcome<State, Event>> {
    const cached = this.#cache.get(request.streamId);
    let { state, version } = cached ?? (await this.#before(request));
    let fresh = cached === undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const decided = this.decider.decide(request.command, state);
        // "Nothing to do" may be as out of date as a refusal: another process may have written meanwhile.
        if (decided.length === 0 && !fresh) {
          ({ state, version } = await this.load(request.streamId, request.sealer));
          fresh = true;
          continue;
        }
        if (decided.length === 0) {
          await this.store.settled();
          return { state, events: [], duplicate: false };
        }
        const result = await this.store.append(this.#toAppend(request, version, decided));
        if (result.duplicate) {
          const present = await this.load(request.streamId, request.sealer);
          return { state: present.state, events: result.events as RecordedEvent<Event>[], duplicate: true };
        }
        const next = {
          state: decided.reduce((s, e) => this.decider.evolve(s, e), state),
          version: version + decided.length,
        };
        this.#cache.set(request.streamId, next);
        return { state: next.state, events: result.events as RecordedEvent<Event>[], duplicate: false };
      } catch (error) {
        // A refusal decided on a cached state may be out of date when another process writes too: look again once.
        const staleRefusal = !fresh && isCofferError(error);
        if (!staleRefusal && !(error instanceof ConcurrencyConflict)) throw error;
        if (attempt === ATTEMPTS) throw this.#surface(error);
        ({ state, version } = await this.load(request.streamId, request.sealer));
        fresh = true;
      }
    }
  }

  async #before({ streamId, newStream, sealer }: CommandRequest<Command>): Promise<{ state: State; version: number }> {
    return newStream === true ? { state: this.decider.initialState, version: 0 } : this.load(streamId, sealer);
  }

  #toAppend(request: CommandRequest<Command>, expectedVersion: number, decided: readonly Event[]): AppendRequest {
    const commandId = request.commandId ?? newId();
    const events = decided.map((event, i) => ({
      eventId: i === 0 ? commandId : newId(),
      type: event.type,
      schemaVersion: event.schemaVersion ?? 1,
      data: event.data,
      ...(event.sealed === undefined ? {} : { sealed: this.#seal(request, event.sealed) }),
    }));
    return {
      vaultId: request.vaultId,
      streams: [{ streamId: request.streamId, expectedVersion, events }],
      meta: request.meta,
      recordedAt: request.now,
      commandId,
      ...(request.material === undefined ? {} : { material: request.material }),
      ...(request.audit === undefined ? {} : { audit: request.audit }),
    };
  }

  #seal(request: CommandRequest<Command>, descriptive: Readonly<Record<string, unknown>>): string {
    if (request.sealer === undefined) throw new CofferError('Internal', 'an event with a sealed part needs a sealer');
    return request.sealer.seal(descriptive);
  }

  #fold(
    evolve: (state: State, event: Event) => State,
    state: State,
    events: readonly RecordedEvent[],
    sealer?: EventSealer,
  ): State {
    return events.reduce((current, recorded) => {
      const sealed = recorded.sealed === undefined ? undefined : sealer?.unseal(recorded.sealed);
      const event = { type: recorded.type, schemaVersion: recorded.schemaVersion, data: recorded.data };
      return evolve(current, (sealed === undefined ? event : { ...event, sealed }) as unknown as Event);
    }, state);
  }

  #surface(error: unknown): unknown {
    if (!(error instanceof ConcurrencyConflict)) return error;
    return new CofferError(
      'Conflict',
      'The object was changed by another request at the same time. Please retry.',
      {},
      { cause: error },
    );
  }
}
