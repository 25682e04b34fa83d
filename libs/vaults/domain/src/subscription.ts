import { assertNever, CofferError, isUuid } from '@coffer/kernel';
import type { Decider, DomainEvent } from '@coffer/event-sourcing';

export type SubscriptionEvent =
  | DomainEvent<'SubscriptionCreated', { readonly subscriptionId: string; readonly displayName: string }>
  | DomainEvent<'SubscriptionRenamed', { readonly subscriptionId: string; readonly displayName: string }>;

export type SubscriptionState = { readonly displayName: string } | undefined;

export interface SubscriptionCommand {
  readonly type: 'PutSubscription';
  /** UUID, lower-case. */
  readonly subscriptionId: string;
  readonly displayName: string;
}

/** Throws ArmBadRequest. */
export const subscriptionDecider: Decider<SubscriptionState, SubscriptionCommand, SubscriptionEvent> = {
  initialState: undefined,
  decide: ({ subscriptionId, displayName }, state) => {
    if (!isUuid(subscriptionId)) throw new CofferError('ArmBadRequest', 'A subscription id must be a GUID.');
    if (displayName === '' || displayName.length > 64) {
      throw new CofferError('ArmBadRequest', 'The displayName of a subscription must have 1 to 64 characters.');
    }
    if (state === undefined) return [{ type: 'SubscriptionCreated', data: { subscriptionId, displayName } }];
    if (state.displayName === displayName) return [];
    return [{ type: 'SubscriptionRenamed', data: { subscriptionId, displayName } }];
  },
  evolve: (_state, event) => {
    switch (event.type) {
      case 'SubscriptionCreated':
      case 'SubscriptionRenamed':
        return { displayName: event.data.displayName };
      default:
        return assertNever(event);
    }
  },
};
