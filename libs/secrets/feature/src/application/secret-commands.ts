import { ObjectCommands } from '@coffer/contracts';
import type { CommandOutcome, EventStore } from '@coffer/event-sourcing';
import { secretDecider, type SecretCommand, type SecretEvent, type SecretState } from '@coffer/secrets-domain';
import { SECRET } from './secret-stream.js';

export type SecretCommands = ObjectCommands<SecretState, SecretCommand, SecretEvent>;
export type SecretOutcome = CommandOutcome<SecretState, SecretEvent>;

export function createSecretCommands(store: EventStore): SecretCommands {
  return new ObjectCommands(store, secretDecider, SECRET);
}
