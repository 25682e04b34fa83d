import fc from 'fast-check';
import { isUuid, newOrderedId } from './ids.js';

describe('an ordered id', () => {
  it('is a UUID of version 7 that begins with its time (RFC 9562 §5.7, the time of appendix A.6)', () => {
    const id = newOrderedId(0x017f22e279b0);

    expect(id).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(isUuid(id)).toBe(true);
  });

  it('sorts as text behind every id of an earlier millisecond', () => {
    const time = fc.integer({ min: 0, max: 2 ** 48 - 2 });
    fc.assert(
      fc.property(time, fc.integer({ min: 1, max: 2 ** 40 }), (earlier, distance) => {
        const later = Math.min(earlier + distance, 2 ** 48 - 1);
        expect(newOrderedId(earlier) < newOrderedId(later)).toBe(true);
      }),
    );
  });

  it('differs from those of its own millisecond', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newOrderedId(1))).size).toBe(1_000);
  });

  it('is an id also where the clock is before the epoch', () => {
    expect(newOrderedId(-1.5)).toMatch(/^00000000-0000-7/);
  });
});
