import { defined, invalidProperty } from '@coffer/kernel';
import { daysOf, parseIsoDuration } from './iso-duration.js';

export type LifetimeAction = 'Rotate' | 'Notify';

/** What happens when, as in azure-api a.1; durations are ISO 8601. Exactly one of the two times is there. */
export interface LifetimeActionRule {
  readonly type: LifetimeAction;
  readonly timeAfterCreate?: string;
  readonly timeBeforeExpiry?: string;
}

export interface RotationPolicy {
  readonly lifetimeActions: readonly LifetimeActionRule[];
  /** Lifetime of the versions that a rotation makes: ISO 8601 duration. */
  readonly expiryTime?: string;
}

/** A policy as it was set; Unix seconds. */
export interface StoredRotationPolicy extends RotationPolicy {
  readonly created: number;
  readonly updated: number;
}

/** A key without a policy has this one. */
export const defaultRotationPolicy: RotationPolicy = {
  lifetimeActions: [{ type: 'Notify', timeBeforeExpiry: 'P30D' }],
};

/** Unchecked members of a request. */
export interface RotationPolicyRequest {
  readonly lifetimeActions?: readonly {
    readonly type: string;
    readonly timeAfterCreate?: string | undefined;
    readonly timeBeforeExpiry?: string | undefined;
  }[];
  readonly expiryTime?: string | undefined;
}

const SHORTEST_EXPIRY_DAYS = 28;
const SHORTEST_ROTATION_DAYS = 7;
const MEMBER = 'lifetimeActions';

/** Checks a policy (azure-api a.1, «Rotation policy»). Throws BadParameter that names the member. */
export function rotationPolicyOf({ lifetimeActions = [], expiryTime }: RotationPolicyRequest): RotationPolicy {
  const lifetime = expiryTime === undefined ? undefined : daysIn('attributes.expiryTime', expiryTime);
  if (lifetime !== undefined && lifetime < SHORTEST_EXPIRY_DAYS) {
    throw invalidProperty('attributes.expiryTime', `The expiry time must be at least ${SHORTEST_EXPIRY_DAYS} days.`);
  }
  const rules = lifetimeActions.map((action) => ruleOf(action, lifetime));
  if (new Set(rules.map(({ type }) => type)).size < rules.length) {
    throw invalidProperty(MEMBER, 'There may be at most one action of each type.');
  }
  return { lifetimeActions: rules, ...defined({ expiryTime }) };
}

type RequestedAction = NonNullable<RotationPolicyRequest['lifetimeActions']>[number];

function ruleOf(action: RequestedAction, lifetime: number | undefined): LifetimeActionRule {
  const { timeAfterCreate, timeBeforeExpiry } = action;
  const type = typeOf(action.type);
  if ((timeAfterCreate === undefined) === (timeBeforeExpiry === undefined)) {
    throw invalidProperty(MEMBER, 'A trigger has either timeAfterCreate or timeBeforeExpiry.');
  }
  const time = daysIn(MEMBER, timeAfterCreate ?? timeBeforeExpiry ?? '');
  if (type === 'Notify' && timeAfterCreate !== undefined) {
    throw invalidProperty(MEMBER, 'The trigger of Notify is timeBeforeExpiry.');
  }
  if (type === 'Rotate' && time < SHORTEST_ROTATION_DAYS) {
    throw invalidProperty(MEMBER, `The trigger of Rotate must be at least ${SHORTEST_ROTATION_DAYS} days.`);
  }
  if (type === 'Rotate' && timeBeforeExpiry !== undefined && lifetime === undefined) {
    throw invalidProperty(MEMBER, 'Rotate before expiry needs attributes.expiryTime.');
  }
  if (lifetime !== undefined && time >= lifetime) {
    throw invalidProperty(MEMBER, 'The trigger must be shorter than attributes.expiryTime.');
  }
  return { type, ...defined({ timeAfterCreate, timeBeforeExpiry }) };
}

/** Clients differ in how they write the types. */
function typeOf(text: string): LifetimeAction {
  const known = (['Rotate', 'Notify'] as const).find((type) => type.toLowerCase() === text.toLowerCase());
  if (known === undefined) throw invalidProperty(MEMBER, 'The type of an action must be Rotate or Notify.');
  return known;
}

function daysIn(member: string, text: string): number {
  const duration = parseIsoDuration(text);
  if (duration === undefined) throw invalidProperty(member, 'An ISO 8601 duration is required, such as P90D or P2Y.');
  return daysOf(duration);
}
