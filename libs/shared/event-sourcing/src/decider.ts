import type { DomainEvent } from './event.js';

/**
 * The pure heart of an aggregate: no I/O, clock, randomness or `async`. Time, ids and generated material arrive
 * inside the command. `decide` throws a CofferError to refuse; `evolve` must accept every event ever stored,
 * also one whose sealed part can no longer be read (`event.sealed` undefined after a purge).
 */
export interface Decider<State, Command, Event extends DomainEvent> {
  readonly initialState: State;
  decide(command: Command, state: State): readonly Event[];
  evolve(state: State, event: Event): State;
  /**
   * An `evolve` for the events of one stream, one after the other, where nobody sees the states in between: it may change what
   * it has made itself. Absent: `evolve` does.
   */
  replay?(): (state: State, event: Event) => State;
}
