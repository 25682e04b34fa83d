import { isDeepStrictEqual } from 'node:util';
import { assertNever, CofferError } from '@coffer/kernel';
import type { Decider, DomainEvent } from '@coffer/event-sourcing';
import { normalizeLocation } from './location.js';
import { requireTags, type Tags } from './tags.js';
import { printable } from './vault-name.js';

export interface ResourceGroup {
  /** UUID minted when the group was created. */
  readonly resourceGroupId: string;
  readonly subscriptionId: string;
  /** As created; compares case-insensitively. */
  readonly name: string;
  /** In comparison form (location.ts). */
  readonly location: string;
  readonly tags: Tags;
}

export type ResourceGroupEvent =
  | DomainEvent<'ResourceGroupCreated', ResourceGroup>
  | DomainEvent<'ResourceGroupTagged', { readonly resourceGroupId: string; readonly tags: Tags }>;

export type ResourceGroupState = ResourceGroup | undefined;

export interface ResourceGroupCommand {
  readonly type: 'PutResourceGroup';
  readonly group: ResourceGroup;
}

/** 1 to 90 letters, digits, `_ - . ( )`; no dot at the end. */
const GROUP_NAME = /^[\w().-]{0,89}[\w()-]$/;

/** Creates the group, or replaces its tags; its location is fixed. Throws ArmBadRequest, Conflict. */
export const resourceGroupDecider: Decider<ResourceGroupState, ResourceGroupCommand, ResourceGroupEvent> = {
  initialState: undefined,
  decide: ({ group }, state) => {
    const tags = requireTags(group.tags);
    const location = normalizeLocation(group.location);
    if (state === undefined) {
      if (!GROUP_NAME.test(group.name)) {
        throw new CofferError('ArmBadRequest', `The resource group name '${printable(group.name)}' is invalid.`);
      }
      return [{ type: 'ResourceGroupCreated', data: { ...group, location } }];
    }
    if (state.location !== location) {
      throw new CofferError(
        'Conflict',
        `Invalid resource group location '${printable(group.location)}'. The Resource group already exists in location '${state.location}'.`,
      );
    }
    if (isDeepStrictEqual(state.tags, tags)) return [];
    return [{ type: 'ResourceGroupTagged', data: { resourceGroupId: state.resourceGroupId, tags } }];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'ResourceGroupCreated':
        return event.data;
      case 'ResourceGroupTagged':
        return state === undefined ? state : { ...state, tags: event.data.tags };
      default:
        return assertNever(event);
    }
  },
};
