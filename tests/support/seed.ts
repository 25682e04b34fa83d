import { randomInt } from 'node:crypto';

const USUAL = 1_494_766_346;

/** Of this run's schedule of faults: `CHAOS_SEED`, see {@link seedFrom}. */
export const chaosSeed = (): number => seedFrom('CHAOS_SEED');

/**
 * The seed that the environment variable names: a number that a run has printed, `random`, or, when it is not set,
 * always the same, so that a change is not judged by a draw that none before it had.
 */
export function seedFrom(variable: 'CHAOS_SEED' | 'FUZZ_SEED'): number {
  const asked = process.env[variable];
  return asked === 'random' ? randomInt(2 ** 31) : Number(asked ?? USUAL);
}
