import fc from 'fast-check';
import { InboxCursor } from './inbox-cursor.js';

const SECOND = 1_000;
const ascending = (positions: readonly number[]) => [...positions].sort((a, b) => a - b);

function opened(): InboxCursor {
  const cursor = new InboxCursor();
  cursor.sawWhole(0);
  return cursor;
}

describe('the cursor of the inbox', () => {
  it('begins at the beginning, and then behind what was published', () => {
    const cursor = new InboxCursor();
    expect(cursor.start(0, false)).toBe(0);
    cursor.published([1, 2, 3], 0);
    cursor.published([4], 0);
    // The look has not come to its end.
    expect(cursor.start(0, false)).toBe(0);
    cursor.sawWhole(0);

    expect(cursor.start(0, false)).toBe(4);
  });

  it('begins at the beginning where all is asked for, and once in five minutes', () => {
    const cursor = opened();
    cursor.published([1, 2], 0);

    expect(cursor.start(SECOND, true)).toBe(0);
    cursor.sawWhole(SECOND);
    expect(cursor.start(2 * SECOND, false)).toBe(2);
    expect(cursor.start(300 * SECOND, false)).toBe(2);
    expect(cursor.start(301 * SECOND, false)).toBe(0);
    cursor.sawWhole(301 * SECOND);
    expect(cursor.start(302 * SECOND, false)).toBe(2);
  });

  it('passes a missing position when it has come, and not before', () => {
    const cursor = opened();
    cursor.published([1, 2, 5, 6], 0);
    expect(cursor.start(0, false)).toBe(2);
    cursor.published([4, 9], 0);
    expect(cursor.start(0, false)).toBe(2);
    cursor.published([3], 0);

    expect(cursor.start(0, false)).toBe(6);
  });

  it('gives up a missing position after two minutes, but not one that is missing for less', () => {
    const cursor = opened();
    cursor.published([2], 0);
    cursor.published([4], 60 * SECOND);
    cursor.published([], 119 * SECOND);
    expect(cursor.start(119 * SECOND, false)).toBe(0);
    cursor.published([], 120 * SECOND);
    expect(cursor.start(120 * SECOND, false)).toBe(2);
    cursor.published([], 180 * SECOND);

    expect(cursor.start(180 * SECOND, false)).toBe(4);
  });

  it('is never behind a record that has yet to come, in whatever order and batches they come, some of them twice', () => {
    const batches = fc
      .shuffledSubarray(
        Array.from({ length: 40 }, (_, i) => i + 1),
        { minLength: 40 },
      )
      .chain((order) => fc.tuple(fc.constant(order), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 40 })));
    fc.assert(
      fc.property(batches, fc.array(fc.boolean(), { minLength: 40 }), ([order, sizes], again) => {
        const cursor = opened();
        const missing = new Set(order);
        for (let at = 0, i = 0; at < order.length; i += 1) {
          const batch = ascending(order.slice(at, at + (sizes[i] ?? 1)));
          at += batch.length;
          for (let times = again[i] === true ? 2 : 1; times > 0; times -= 1) cursor.published(batch, 0);
          for (const position of batch) missing.delete(position);
          const first = missing.size === 0 ? order.length + 1 : Math.min(...missing);
          expect(cursor.start(0, false)).toBe(first - 1);
        }
      }),
    );
  });
});
