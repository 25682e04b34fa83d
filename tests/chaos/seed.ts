import { randomInt } from 'node:crypto';

/** Of this run's schedule: `CHAOS_SEED=random`, or the seed that a run has printed; else always the same. */
export function chaosSeed(): number {
  const asked = process.env['CHAOS_SEED'];
  return asked === 'random' ? randomInt(2 ** 31) : Number(asked ?? 1_494_766_346);
}
