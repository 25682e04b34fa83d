import fc from 'fast-check';
import { addDuration, daysOf, parseIsoDuration, type IsoDuration } from './iso-duration.js';

const at = (iso: string) => Date.parse(iso) / 1000;
const parsed = (text: string): IsoDuration => {
  const duration = parseIsoDuration(text);
  if (duration === undefined) throw new Error(`${text} is no duration`);
  return duration;
};

it.each([
  ['P2Y', { months: 24, days: 0, hours: 0 }],
  ['P1Y6M', { months: 18, days: 0, hours: 0 }],
  ['P90D', { months: 0, days: 90, hours: 0 }],
  ['PT48H', { months: 0, days: 0, hours: 48 }],
  ['P1M2DT3H', { months: 1, days: 2, hours: 3 }],
])('reads %s', (text, expected) => {
  expect(parseIsoDuration(text)).toEqual(expected);
});

it.each(['', 'P', 'PT', 'P1DT', '90D', 'p90d', 'P-1D', 'P1.5D', 'P1W', 'PT5M', 'P1D ', 'P999999999D', 'P1D1M'])(
  'does not read %j',
  (text) => {
    expect(parseIsoDuration(text)).toBeUndefined();
  },
);

it.each([
  ['2023-01-31T12:00:00Z', 'P1M', 1, '2023-02-28T12:00:00Z'],
  ['2024-02-29T00:00:00Z', 'P1Y', 1, '2025-02-28T00:00:00Z'],
  ['2023-03-31T00:00:00Z', 'P1M', -1, '2023-02-28T00:00:00Z'],
  ['2023-12-31T23:00:00Z', 'PT2H', 1, '2024-01-01T01:00:00Z'],
  ['2023-01-01T00:00:00Z', 'P18M', -1, '2021-07-01T00:00:00Z'],
] as const)('%s and %s (%i) is %s', (from, duration, sign, to) => {
  expect(addDuration(at(from), parsed(duration), sign)).toBe(at(to));
});

it('counts a year as 365 days and a month as 30', () => {
  expect(['P2Y', 'P1Y1M', 'P28D', 'PT36H'].map((text) => daysOf(parsed(text)))).toEqual([730, 395, 28, 1.5]);
});

it('comes back for durations without months', () => {
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
  const durations = fc.record({ months: fc.constant(0), days: fc.nat(9999), hours: fc.nat(99) });
  fc.assert(
    fc.property(seconds, durations, (from, duration) => {
      expect(addDuration(addDuration(from, duration), duration, -1)).toBe(from);
    }),
  );
});
