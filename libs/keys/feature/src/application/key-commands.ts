import { ObjectCommands } from '@coffer/contracts';
import type { CommandOutcome, EventStore } from '@coffer/event-sourcing';
import { keyDecider, type KeyCommand, type KeyEvent, type KeyState } from '@coffer/keys-domain';

export type KeyCommands = ObjectCommands<KeyState, KeyCommand, KeyEvent>;
export type KeyOutcome = CommandOutcome<KeyState, KeyEvent>;

export function createKeyCommands(store: EventStore): KeyCommands {
  return new ObjectCommands(store, keyDecider, 'key');
}
