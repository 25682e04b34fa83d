import { nextOf, timersOf } from './key-timers.js';
import type { RotationPolicy } from './rotation-policy.js';

const DAY = 86_400;
const created = Date.parse('2026-01-01T00:00:00Z') / 1000;
const exp = created + 100 * DAY;
const afterCreate: RotationPolicy = { lifetimeActions: [{ type: 'Rotate', timeAfterCreate: 'P10D' }] };
const beforeExpiry: RotationPolicy = {
  lifetimeActions: [
    { type: 'Rotate', timeBeforeExpiry: 'P20D' },
    { type: 'Notify', timeBeforeExpiry: 'P40D' },
  ],
  expiryTime: 'P100D',
};

it.each([
  ['a key without end or policy', {}, {}],
  ['an end', { exp }, { nearExpiry: exp - 30 * DAY, expired: exp }],
  ['a rotation after creation', { policy: afterCreate }, { rotate: created + 10 * DAY }],
  ['a rotation before an end that there is not', { policy: beforeExpiry }, {}],
  [
    'a rotation before the end',
    { policy: beforeExpiry, exp },
    { rotate: exp - 20 * DAY, nearExpiry: exp - 40 * DAY, expired: exp },
  ],
  ['an end that is known to come', { exp, nearExpiryNotified: exp }, { expired: exp }],
  [
    'an end that was known to come and has moved',
    { exp, nearExpiryNotified: exp - 1 },
    { nearExpiry: exp - 30 * DAY, expired: exp },
  ],
  ['an end that is known', { exp, expiredNotified: exp }, {}],
])('%s', (_what, key, timers) => {
  expect(timersOf({ created, enabled: true, ...key })).toEqual(timers);
});

it('does not rotate a disabled key, and still tells of its end', () => {
  expect(timersOf({ created, enabled: false, exp, policy: beforeExpiry })).toEqual({
    nearExpiry: exp - 40 * DAY,
    expired: exp,
  });
});

describe('a policy that leaves no room in February, from before that was checked', () => {
  const policy: RotationPolicy = {
    lifetimeActions: [{ type: 'Rotate', timeBeforeExpiry: 'P29D' }],
    expiryTime: 'P1M',
  };
  const february = Date.parse('2027-02-01T00:00:00Z') / 1000;
  const march = Date.parse('2027-03-01T00:00:00Z') / 1000;

  it('does not rotate a version that has just been made by it', () => {
    const timers = timersOf({ created: february, enabled: true, exp: march, policy });
    expect(timers.rotate).toBe(february + 7 * DAY);
  });

  it('rotates a version at once whose end somebody has set so near', () => {
    expect(timersOf({ created, enabled: true, exp: created + DAY, policy }).rotate).toBe(created - 28 * DAY);
  });
});

it('knows which timer ends first', () => {
  expect(nextOf({ rotate: 3, nearExpiry: 2, expired: 9 })).toBe(2);
  expect(nextOf({})).toBeUndefined();
});
