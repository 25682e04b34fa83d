import { rotationPolicyOf, type RotationPolicyRequest } from './rotation-policy.js';

const rotate = (trigger: object) => ({ type: 'Rotate', ...trigger });
const notify = (trigger: object) => ({ type: 'Notify', ...trigger });

const rotatesBefore = (timeBeforeExpiry: string, expiryTime: string) => ({
  lifetimeActions: [rotate({ timeBeforeExpiry })],
  expiryTime,
});
const rotatesAfter = (timeAfterCreate: string, expiryTime: string) => ({
  lifetimeActions: [rotate({ timeAfterCreate })],
  expiryTime,
});

it.each([
  rotatesBefore('P21D', 'P28D'),
  rotatesAfter('P21D', 'P28D'),
  rotatesBefore('P21D', 'P1M'),
  rotatesBefore('P1M', 'P2M'),
  rotatesBefore('P30D', 'P90D'),
  rotatesAfter('P18M', 'P2Y'),
])('takes what leaves 7 days on both sides (%j)', (request) => {
  expect(rotationPolicyOf(request)).toEqual(request);
});

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
  ['a rotation that February makes due at once', rotatesBefore('P29D', 'P1M')],
  ['a rotation less than 7 days after creation', rotatesBefore('P27DT23H', 'P28D')],
  ['a rotation less than 7 days after creation in some months', rotatesBefore('P22D', 'P1M')],
  ['a rotation less than 7 days after creation across two months', rotatesBefore('P1M', 'P1M9D')],
  ['a rotation less than 7 days before expiry', rotatesAfter('P27DT23H', 'P28D')],
  ['two rotations', { lifetimeActions: [rotate({ timeAfterCreate: 'P9D' }), rotate({ timeAfterCreate: 'P8D' })] }],
  ['another action', { lifetimeActions: [{ type: 'Delete', timeAfterCreate: 'P30D' }] }],
])('refuses %s', (_what, request) => {
  expect(() => rotationPolicyOf(request)).toThrow(expect.objectContaining({ code: 'BadParameter' }) as Error);
});
