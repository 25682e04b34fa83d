import { LeaseTerm } from './lease-term.js';

let monotonic: number;
let wall: number;
let term: LeaseTerm;
beforeEach(() => {
  monotonic = 100;
  wall = 1_800_000_000_000;
  term = new LeaseTerm(
    () => monotonic,
    () => wall,
  );
});

function pass(milliseconds: number): void {
  monotonic += milliseconds;
  wall += milliseconds;
}

describe('LeaseTerm', () => {
  it('lasts from when it was asked for, and not before it is', () => {
    expect(term.live()).toBe(false);
    expect(term.remaining()).toBeLessThan(0);
    const asked = term.now();
    pass(400);
    term.extend(asked, 1_000);
    expect(term.remaining()).toBe(600);
    pass(599);
    expect(term.live()).toBe(true);
    pass(1);
    expect(term.live()).toBe(false);
  });

  it('ends in a machine that slept, whose monotonic clock stood still', () => {
    term.extend(term.now(), 1_000);
    wall += 60_000;
    expect(term.live()).toBe(false);
    expect(term.remaining()).toBeLessThan(0);
    term.extend(term.now(), 1_000);
    expect(term.live()).toBe(true);
  });

  it('lasts no longer when the wall clock is set back, and is renewed as before', () => {
    term.extend(term.now(), 1_000);
    wall -= 3_600_000;
    pass(999);
    expect(term.live()).toBe(true);
    pass(1);
    expect(term.live()).toBe(false);
    term.extend(term.now(), 1_000);
    expect(term.remaining()).toBe(1_000);
  });

  it('is not shortened by a reply that came late, and ends at once when it is given back', () => {
    const early = term.now();
    pass(100);
    term.extend(term.now(), 1_000);
    term.extend(early, 1_000);
    expect(term.remaining()).toBe(1_000);
    term.end();
    expect(term.live()).toBe(false);
  });
});
