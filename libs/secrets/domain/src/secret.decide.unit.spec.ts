import { decide, type SecretCommand, type SetVersion } from './secret.decide.js';
import { assertReadable } from './secret-errors.js';
import { evolve, noSecret, type SecretEvent, type SecretState } from './secret.js';

const NOW = 1_700_000_000;
const DAY = 86_400;
const V1 = '1'.repeat(32);
const V2 = '2'.repeat(32);

const set = (version: string, more: Partial<SetVersion> = {}): SetVersion => ({
  type: 'SetVersion',
  name: 'Database',
  now: NOW,
  version,
  enabled: true,
  materialId: `m-${version}`,
  ...more,
});

/** Replays what the commands decide, one after another. */
function given(...commands: SecretCommand[]): SecretState {
  return commands.reduce<SecretState>((state, command) => decide(command, state).reduce(evolve, state), noSecret);
}

const softDelete: SecretCommand = {
  type: 'DeleteSecret',
  name: 'database',
  now: NOW,
  softDelete: { retentionInDays: 7 },
};
const recover: SecretCommand = { type: 'RecoverSecret', name: 'database', now: NOW };
const digests = [{ version: V1, sha256: 'aa' }];
const purge: SecretCommand = {
  type: 'PurgeSecret',
  name: 'database',
  now: NOW,
  digests,
  because: { reason: 'request', purgeProtection: false, vaultName: 'v' },
};
const refusedWith = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('setting a secret', () => {
  it('records attributes and the place of the value, and seals the descriptive text', () => {
    const command = set(V1, { nbf: 1, exp: 2, contentType: 'text/plain', tags: { a: 'b' } });
    expect(decide(command, noSecret)).toEqual([
      {
        type: 'SecretVersionSet',
        data: {
          name: 'Database',
          version: V1,
          enabled: true,
          nbf: 1,
          exp: 2,
          created: NOW,
          materialId: `m-${V1}`,
        },
        sealed: { contentType: 'text/plain', tags: { a: 'b' } },
      },
    ]);
  });

  it('has no sealed part without descriptive text', () => {
    expect(decide(set(V1), noSecret)[0]).not.toHaveProperty('sealed');
  });

  it('adds a version to the secret that holds the name, in the spelling of its first version', () => {
    expect(given(set(V1), set(V2, { name: 'DATABASE' }))).toEqual({
      status: 'active',
      name: 'Database',
      latest: V2,
      versions: 2,
    });
  });

  it('is refused while a soft-deleted secret holds the name', () => {
    expect(() => decide(set(V2), given(set(V1), softDelete))).toThrow(
      'Secret Database is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the ' +
        'secret can only be recovered or purged.',
    );
  });

  it('never reuses a purged incarnation', () => {
    expect(() => decide(set(V2), given(set(V1), softDelete, purge))).toThrow(refusedWith('Conflict'));
  });
});

describe('updating a version', () => {
  const update = { type: 'UpdateVersion', name: 'database', version: V1, now: NOW + 5 } as const;

  it('records what was sent and nothing else', () => {
    expect(decide({ ...update, enabled: false }, given(set(V1)))).toEqual([
      { type: 'SecretVersionUpdated', data: { name: 'Database', version: V1, enabled: false, updated: NOW + 5 } },
    ]);
  });

  it.each([
    [{ tags: {} }, ['tags']],
    [{ contentType: '' }, ['contentType']],
    [{ contentType: 'x', tags: { a: 'b' } }, ['contentType', 'tags']],
  ] as const)('says which descriptive text %j replaces, and seals it', (text, describes) => {
    const [event] = decide({ ...update, ...text }, given(set(V1)));
    expect(event).toMatchObject({ data: { describes }, sealed: text });
  });

  it('decides nothing when nothing was sent', () => {
    expect(decide(update, given(set(V1)))).toEqual([]);
  });

  it.each<[string, SecretCommand[]]>([
    ['a soft-deleted secret', [set(V1), softDelete]],
    ['a purged secret', [set(V1), softDelete, purge]],
    ['a secret that never was', []],
  ])('finds no secret for %s', (_what, before) => {
    expect(() => decide({ ...update, enabled: false }, given(...before))).toThrow(refusedWith('SecretNotFound'));
  });
});

describe('deleting, recovering, purging', () => {
  it('schedules the purge after the retention of the vault', () => {
    expect(decide(softDelete, given(set(V1)))).toEqual([
      { type: 'SecretDeleted', data: { name: 'Database', deletedDate: NOW, scheduledPurgeDate: NOW + 7 * DAY } },
    ]);
  });

  it('destroys at once in a vault without soft-delete', () => {
    expect(decide({ ...softDelete, softDelete: { digests } }, given(set(V1)))).toEqual([
      { type: 'SecretDeleted', data: { name: 'Database', deletedDate: NOW } },
      { type: 'SecretPurged', data: { name: 'Database', versions: [V1], digests } },
    ]);
  });

  it('brings everything back on recovery', () => {
    expect(given(set(V1), set(V2), softDelete, recover)).toEqual(given(set(V1), set(V2)));
  });

  it('records what a purge destroyed and forgets the rest', () => {
    expect(decide(purge, given(set(V1), softDelete))).toEqual([
      { type: 'SecretPurged', data: { name: 'Database', versions: [V1], digests } },
    ]);
    expect(given(set(V1), softDelete, purge)).toEqual({ status: 'purged', name: 'Database' });
  });

  it('does not purge a secret with a version whose digest was not taken', () => {
    expect(() => decide(purge, given(set(V1), set(V2), softDelete))).toThrow(refusedWith('Conflict'));
  });

  it('refuses a caller who purges under purge protection', () => {
    const because = { reason: 'request', purgeProtection: true, vaultName: 'v' } as const;
    expect(() => decide({ ...purge, because }, given(set(V1), softDelete))).toThrow(refusedWith('PurgeProtected'));
  });

  it.each<[string, SecretCommand, SecretCommand[]]>([
    ['deleting twice', softDelete, [set(V1), softDelete]],
    ['recovering an active secret', recover, [set(V1)]],
    ['purging an active secret', purge, [set(V1)]],
    ['recovering a purged secret', recover, [set(V1), softDelete, purge]],
    ['purging a purged secret', purge, [set(V1), softDelete, purge]],
  ])('finds nothing for %s', (_what, command, before) => {
    expect(() => decide(command, given(...before))).toThrow(refusedWith('SecretNotFound'));
  });
});

describe('purging without a caller', () => {
  const retention: SecretCommand = { ...purge, because: { reason: 'retention' } };
  const vault: SecretCommand = { ...purge, because: { reason: 'vault' } };
  const types = (events: readonly SecretEvent[]): string[] => events.map((event) => event.type);

  it('purges at the scheduled date, not a second earlier', () => {
    const state = given(set(V1), softDelete);
    expect(decide({ ...retention, now: NOW + 7 * DAY - 1 }, state)).toEqual([]);
    expect(types(decide({ ...retention, now: NOW + 7 * DAY }, state))).toEqual(['SecretPurged']);
  });

  it('leaves alone a secret that was recovered meanwhile', () => {
    expect(decide({ ...retention, now: NOW + 8 * DAY }, given(set(V1), softDelete, recover))).toEqual([]);
  });

  it('destroys active and deleted secrets of a purged vault, and does nothing the second time', () => {
    expect(types(decide(vault, given(set(V1))))).toEqual(['SecretPurged']);
    expect(types(decide(vault, given(set(V1), softDelete)))).toEqual(['SecretPurged']);
    expect(decide(vault, given(set(V1), vault))).toEqual([]);
    expect(decide(vault, noSecret)).toEqual([]);
  });
});

describe('reading a value', () => {
  it('is refused for a disabled version, in the words that clients know', () => {
    expect(() => {
      assertReadable({ enabled: false });
    }).toThrow('Operation get is not allowed on a disabled secret.');
  });

  it('is allowed for an enabled version', () => {
    expect(() => {
      assertReadable({ enabled: true });
    }).not.toThrow();
  });
});
