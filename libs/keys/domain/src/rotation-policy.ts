import { defined, invalidProperty } from '@coffer/kernel';
import { addDuration, daysOf, parseIsoDuration, type IsoDuration } from './iso-duration.js';

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
/** A version's life before a rotation, and behind it. */
export const SHORTEST_ROTATION_DAYS = 7;
const MEMBER = 'lifetimeActions';

/** Checks a policy (azure-api a.1, «Rotation policy»). Throws BadParameter that names the member. */
export function rotationPolicyOf({ lifetimeActions = [], expiryTime }: RotationPolicyRequest): RotationPolicy {
  const lifetime = expiryTime === undefined ? undefined : durationOf('attributes.expiryTime', expiryTime);
  if (lifetime !== undefined && daysOf(lifetime) < SHORTEST_EXPIRY_DAYS) {
    throw invalidProperty('attributes.expiryTime', `The expiry time must be at least ${SHORTEST_EXPIRY_DAYS} days.`);
  }
  const rules = lifetimeActions.map((action) => ruleOf(action, lifetime));
  if (new Set(rules.map(({ type }) => type)).size < rules.length) {
    throw invalidProperty(MEMBER, 'There may be at most one action of each type.');
  }
  return { lifetimeActions: rules, ...defined({ expiryTime }) };
}

type RequestedAction = NonNullable<RotationPolicyRequest['lifetimeActions']>[number];

function ruleOf(action: RequestedAction, lifetime: IsoDuration | undefined): LifetimeActionRule {
  const { timeAfterCreate, timeBeforeExpiry } = action;
  const type = typeOf(action.type);
  if ((timeAfterCreate === undefined) === (timeBeforeExpiry === undefined)) {
    throw invalidProperty(MEMBER, 'A trigger has either timeAfterCreate or timeBeforeExpiry.');
  }
  const time = durationOf(MEMBER, timeAfterCreate ?? timeBeforeExpiry ?? '');
  if (type === 'Notify' && timeAfterCreate !== undefined) {
    throw invalidProperty(MEMBER, 'The trigger of Notify is timeBeforeExpiry.');
  }
  if (type === 'Rotate' && daysOf(time) < SHORTEST_ROTATION_DAYS) {
    throw invalidProperty(MEMBER, `The trigger of Rotate must be at least ${SHORTEST_ROTATION_DAYS} days.`);
  }
  if (type === 'Rotate' && timeBeforeExpiry !== undefined && lifetime === undefined) {
    throw invalidProperty(MEMBER, 'Rotate before expiry needs attributes.expiryTime.');
  }
  if (lifetime !== undefined && daysOf(time) >= daysOf(lifetime)) {
    throw invalidProperty(MEMBER, 'The trigger must be shorter than attributes.expiryTime.');
  }
  if (type === 'Rotate' && lifetime !== undefined && !leavesRoom(lifetime, time, timeAfterCreate !== undefined)) {
    const days = `${SHORTEST_ROTATION_DAYS} days`;
    const text = `Rotate must come at least ${days} after the creation and ${days} before the expiry, in every month.`;
    throw invalidProperty(MEMBER, text);
  }
  return { type, ...defined({ timeAfterCreate, timeBeforeExpiry }) };
}

/** Clients differ in how they write the types. */
function typeOf(text: string): LifetimeAction {
  const known = (['Rotate', 'Notify'] as const).find((type) => type.toLowerCase() === text.toLowerCase());
  if (known === undefined) throw invalidProperty(MEMBER, 'The type of an action must be Rotate or Notify.');
  return known;
}

function durationOf(member: string, text: string): IsoDuration {
  const duration = parseIsoDuration(text);
  if (duration === undefined) throw invalidProperty(member, 'An ISO 8601 duration is required, such as P90D or P2Y.');
  return duration;
}

const DAY = 86_400;
/** Any four years have every month that there is; each day begins and ends in another one. */
const STARTS = Array.from({ length: 1_461 }, (_, day) => [day * DAY, day * DAY + DAY - 1]).flat();

/**
 * Whether a version lives for some days before its rotation and behind it, whenever it is made: by the calendar of the
 * timers, since a month is now longer and now shorter than the days that are taken from it.
 */
function leavesRoom(lifetime: IsoDuration, time: IsoDuration, afterCreate: boolean): boolean {
  return STARTS.every((created) => {
    const expiry = addDuration(created, lifetime);
    const rotation = afterCreate ? addDuration(created, time) : addDuration(expiry, time, -1);
    return Math.min(rotation - created, expiry - rotation) >= SHORTEST_ROTATION_DAYS * DAY;
  });
}
