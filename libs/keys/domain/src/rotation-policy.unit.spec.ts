import { rotationPolicyOf, type RotationPolicyRequest } from './rotation-policy.js';

const rotate = (trigger: object) => ({ type: 'Rotate', ...trigger });
const notify = (trigger: object) => ({ type: 'Notify', ...trigger });

it('keeps what it is given, in its own words', () => {
  const request = {
    lifetimeActions: [
      { type: 'rotate', timeAfterCreate: 'P90D' },
      { type: 'NOTIFY', timeBeforeExpiry: 'P30D' },
    ],
    expiryTime: 'P2Y',
  };
  expect(rotationPolicyOf(request)).toEqual({
    lifetimeActions: [rotate({ timeAfterCreate: 'P90D' }), notify({ timeBeforeExpiry: 'P30D' })],
    expiryTime: 'P2Y',
  });
  expect(rotationPolicyOf({})).toEqual({ lifetimeActions: [] });
});

it.each<[string, RotationPolicyRequest]>([
  ['an expiry below 28 days', { expiryTime: 'P27D' }],
  ['an expiry that is no duration', { expiryTime: 'two years' }],
  ['a rotation sooner than 7 days', { lifetimeActions: [rotate({ timeAfterCreate: 'P6D' })] }],
  ['a trigger without a time', { lifetimeActions: [rotate({})] }],
  [
    'a trigger with both times',
    { lifetimeActions: [rotate({ timeAfterCreate: 'P9D', timeBeforeExpiry: 'P9D' })], expiryTime: 'P1Y' },
  ],
  ['a rotation before an expiry that never comes', { lifetimeActions: [rotate({ timeBeforeExpiry: 'P30D' })] }],
  ['a notice after creation', { lifetimeActions: [notify({ timeAfterCreate: 'P30D' })] }],
  ['a rotation after the end', { lifetimeActions: [rotate({ timeAfterCreate: 'P90D' })], expiryTime: 'P60D' }],
  ['two rotations', { lifetimeActions: [rotate({ timeAfterCreate: 'P9D' }), rotate({ timeAfterCreate: 'P8D' })] }],
  ['another action', { lifetimeActions: [{ type: 'Delete', timeAfterCreate: 'P30D' }] }],
])('refuses %s', (_what, request) => {
  expect(() => rotationPolicyOf(request)).toThrow(expect.objectContaining({ code: 'BadParameter' }) as Error);
});
