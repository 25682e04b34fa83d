import { isCofferError } from '@coffer/kernel';
import { ConcurrencyConflict } from './ports.js';

/** How often a name is looked up again when it has moved to another incarnation, or its object has changed, meanwhile. */
const ATTEMPTS = 4;

/** Runs `work` again after a Conflict, from the look-up of the name on. */
export async function retryConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const conflict = isCofferError(error, 'Conflict') || error instanceof ConcurrencyConflict;
      if (!conflict || attempt === ATTEMPTS) throw error;
    }
  }
}
