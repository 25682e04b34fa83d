import { expect } from '@jest/globals';
import type { Decider, DomainEvent } from '@coffer/event-sourcing';
import { isCofferError, type ErrorCode } from '@coffer/kernel';

export interface Given<Command, Event extends DomainEvent> {
  when(command: Command): Outcome<Event>;
}

export interface Outcome<Event extends DomainEvent> {
  /** Exactly these events, in this order. */
  then(...expected: readonly Event[]): void;
  /** Refused with this code and, if given, this message. */
  thenRefused(code: ErrorCode, message?: string | RegExp): void;
}

/** given events, when a command, then events or a refusal: a decider's specification as three lines. */
export function scenario<State, Command, Event extends DomainEvent>(decider: Decider<State, Command, Event>) {
  const given = (...history: readonly Event[]): Given<Command, Event> => ({
    when: (command) => {
      const decide = () => {
        const state = history.reduce((current, event) => decider.evolve(current, event), decider.initialState);
        return decider.decide(command, state);
      };
      return {
        then: (...expected) => {
          expect(decide()).toEqual(expected);
        },
        thenRefused: (code, message) => {
          expectRefusal(decide, code, message);
        },
      };
    },
  });
  return { given };
}

function expectRefusal(decide: () => unknown, code: ErrorCode, message: string | RegExp | undefined): void {
  let refusal: unknown;
  try {
    decide();
  } catch (error) {
    refusal = error;
  }
  if (!isCofferError(refusal)) throw new Error(`expected ${code}, but it was not refused`, { cause: refusal });
  expect(refusal.code).toBe(code);
  if (message !== undefined) expect(refusal.message).toMatch(message);
}
