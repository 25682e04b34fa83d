import { CofferError } from '@coffer/kernel';
import type { Decider, DomainEvent } from '@coffer/event-sourcing';

/** given events, when a command: the events that follow, or the code of the refusal. */
export function scenario<S, C, E extends DomainEvent>(decider: Decider<S, C, E>) {
  return (given: readonly E[], when: C): readonly E[] | string => {
    try {
      return decider.decide(
        when,
        given.reduce((state, event) => decider.evolve(state, event), decider.initialState),
      );
    } catch (error) {
      if (error instanceof CofferError) return error.code;
      throw error;
    }
  };
}
