import { readdirSync, readFileSync } from 'node:fs';
import { evolve, noSecret, type SecretEvent, type SecretState } from '@coffer/secrets-domain';

const directory = new URL('../../domain/fixtures/', import.meta.url);
const golden = (name: string): SecretEvent => JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as SecretEvent;

/** Events as they have been stored since their schema version exists, in an order a secret can live through. */
const life = [
  'secret-version-set.v1.json',
  'secret-version-set.plain.v1.json',
  'secret-version-updated.v1.json',
  'secret-deleted.v1.json',
  'secret-recovered.v1.json',
  'secret-deleted.without-soft-delete.v1.json',
  'secret-purged.v1.json',
];
const FIRST = '0123456789abcdef0123456789abcdef';
const SECOND = 'fedcba9876543210fedcba9876543210';

describe('golden events of secrets', () => {
  const states = life.reduce<SecretState[]>((all, name) => [...all, evolve(all.at(-1) ?? noSecret, golden(name))], []);

  it('has every fixture in the replay', () => {
    expect(readdirSync(directory).sort()).toEqual([...life].sort());
  });

  it('replays to the state that they have always meant', () => {
    const secret = { name: 'Database', latest: SECOND, versions: 2 };
    expect(states[0]).toEqual({ status: 'active', name: 'Database', latest: FIRST, versions: 1 });
    expect(states[1]).toEqual({ status: 'active', ...secret });
    expect(states[2]).toEqual({ status: 'active', ...secret });
    expect(states[3]).toEqual({
      status: 'deleted',
      ...secret,
      deletedDate: 1690000300,
      scheduledPurgeDate: 1697776300,
    });
    expect(states[4]).toEqual({ status: 'active', ...secret });
    expect(states[5]).toEqual({ status: 'deleted', ...secret, deletedDate: 1690000400 });
    expect(states[6]).toEqual({ status: 'purged', name: 'Database' });
  });
});
