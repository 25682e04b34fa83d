import { streamIdOf } from '@coffer/event-sourcing';

/** Stands for a vault id: all role assignments share one log, whose `vaultSeq` is the policy revision. */
export const POLICY_LOG = 'policy';

/** Stream of the role assignment of this name (GUID, any case). */
export function assignmentStreamId(name: string): string {
  return streamIdOf('roleassignment', name.toLowerCase());
}
