import { defined } from '@coffer/kernel';
import { addDuration, parseIsoDuration } from './iso-duration.js';
import {
  defaultRotationPolicy,
  SHORTEST_ROTATION_DAYS,
  type LifetimeAction,
  type RotationPolicy,
} from './rotation-policy.js';

/** What decides when something is to be done for a key: facts of its latest version, Unix seconds. */
export interface TimedKey {
  readonly policy?: RotationPolicy | undefined;
  readonly created: number;
  readonly enabled: boolean;
  readonly exp?: number | undefined;
  /** The `exp` that was told of already. */
  readonly nearExpiryNotified?: number | undefined;
  readonly expiredNotified?: number | undefined;
}

/** Unix seconds; what is absent never comes. */
export interface KeyTimers {
  readonly rotate?: number;
  readonly nearExpiry?: number;
  readonly expired?: number;
}

/**
 * When a key is to be rotated, and when its owner is to be told of its end. A disabled key is not rotated: its new version
 * would be enabled, and nobody has allowed that.
 */
export function timersOf({ policy, created, enabled, exp, nearExpiryNotified, expiredNotified }: TimedKey): KeyTimers {
  const rotation = ruleOf(policy, 'Rotate');
  const notice = ruleOf(policy, 'Notify') ?? ruleOf(defaultRotationPolicy, 'Notify');
  const before = (duration: string | undefined) => (exp === undefined ? undefined : shifted(exp, duration, -1));
  const rotate =
    shifted(created, rotation?.timeAfterCreate, 1) ??
    atLeast(earliest(created, exp, policy), before(rotation?.timeBeforeExpiry));
  const ended = exp !== undefined && exp === expiredNotified;
  return defined({
    rotate: enabled ? rotate : undefined,
    nearExpiry: ended || exp === nearExpiryNotified ? undefined : before(notice?.timeBeforeExpiry),
    expired: ended ? undefined : exp,
  });
}

/** The first of the times; `undefined` when there is none. */
export function nextOf({ rotate, nearExpiry, expired }: KeyTimers): number | undefined {
  const times = [rotate, nearExpiry, expired].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/**
 * Before when a version that has the policy's own lifetime is not rotated: policies from before `rotationPolicyOf` went by
 * the calendar can ask for it at once in February, and of the next version again, without end.
 */
function earliest(created: number, exp: number | undefined, policy: RotationPolicy | undefined): number | undefined {
  if (exp !== shifted(created, policy?.expiryTime, 1)) return undefined;
  return addDuration(created, { months: 0, days: SHORTEST_ROTATION_DAYS, hours: 0 });
}

function atLeast(floor: number | undefined, time: number | undefined): number | undefined {
  return floor === undefined || time === undefined ? time : Math.max(floor, time);
}

function ruleOf(policy: RotationPolicy | undefined, wanted: LifetimeAction) {
  return policy?.lifetimeActions.find(({ type }) => type === wanted);
}

function shifted(seconds: number, duration: string | undefined, sign: 1 | -1): number | undefined {
  const parsed = duration === undefined ? undefined : parseIsoDuration(duration);
  return parsed === undefined ? undefined : addDuration(seconds, parsed, sign);
}
