import type { Logger } from '@coffer/nest';
import { warnOfUnpurged } from './sweeper.js';

describe('the end of a retention', () => {
  it('warns of each object that could not be purged, by its ids', () => {
    const warned: unknown[] = [];
    const log = { warn: (about: unknown) => warned.push(about) } as unknown as Logger;
    const error = new Error('the database is away');
    const at = { vaultId: 'v', objectId: 'o' };
    warnOfUnpurged(log, { purged: 3, failed: [{ ...at, error }] });
    expect(warned).toEqual([{ ...at, err: error }]);
  });
});
