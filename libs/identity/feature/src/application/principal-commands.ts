import { ObjectCommands } from '@coffer/contracts';
import type { EventStore } from '@coffer/event-sourcing';
import {
  identityVaultId,
  principalDecider,
  type PrincipalCommand,
  type PrincipalEvent,
  type PrincipalState,
} from '@coffer/identity-domain';
import type { Commander, RequestContext } from '@coffer/wire';

export type PrincipalCommands = ObjectCommands<PrincipalState, PrincipalCommand, PrincipalEvent>;

/** Runs commands against service principals; all of them share one log. */
export function principalCommands(store: EventStore): PrincipalCommands {
  return new ObjectCommands(store, principalDecider, 'principal');
}

/** The caller of a request, as the one who commands. */
export function commanderOf({ meta, now, audit }: RequestContext): Commander {
  return { vaultId: identityVaultId, meta, now, audit };
}
