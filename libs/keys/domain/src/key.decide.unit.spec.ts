import { decide, type CreateVersion, type KeyCommand } from './key.decide.js';
import { evolve, noKey, type KeyEvent, type KeyState } from './key.js';

const NOW = 1_700_000_000;
const DAY = 86_400;
const rsa = { kty: 'RSA', n: 'bg', e: 'AQAB' } as const;
const ec = { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' } as const;
const V1 = '1'.repeat(32);
const V2 = '2'.repeat(32);

const create = (version: string, more: Partial<CreateVersion> = {}): CreateVersion => ({
  type: 'CreateVersion',
  name: 'Signing',
  now: NOW,
  version,
  spec: { kty: 'RSA', keySize: 2048, publicExponent: 65537 },
  public: rsa,
  enabled: true,
  materialId: `m-${version}`,
  ...more,
});

/** Replays what the commands decide, one after another. */
function given(...commands: KeyCommand[]): KeyState {
  return commands.reduce<KeyState>((state, command) => decide(command, state).reduce(evolve, state), noKey);
}

const softDelete: KeyCommand = { type: 'DeleteKey', name: 'signing', now: NOW, softDelete: { retentionInDays: 7 } };
const recover: KeyCommand = { type: 'RecoverKey', name: 'signing', now: NOW };
const digests = [{ version: V1, sha256: 'aa' }];
const purge: KeyCommand = {
  type: 'PurgeKey',
  name: 'signing',
  now: NOW,
  digests,
  because: { reason: 'request', purgeProtection: false, vaultName: 'v' },
};
const refusedWith = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('creating a key', () => {
  it('records the size of an oct key and nothing else of it', () => {
    const [event] = decide(create(V1, { spec: { kty: 'oct', keySize: 192 }, public: { kty: 'oct' } }), noKey);
    expect(event?.data).toMatchObject({ kty: 'oct', size: 192, public: { kty: 'oct' } });
    expect(event?.data).not.toHaveProperty('crv');
  });

  it('records the public half, defaults and the place of the private key', () => {
    expect(decide(create(V1, { tags: { a: 'b' }, nbf: 1, exp: 2 }), noKey)).toEqual([
      {
        type: 'KeyVersionCreated',
        data: {
          name: 'Signing',
          version: V1,
          kty: 'RSA',
          size: 2048,
          public: rsa,
          keyOps: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
          enabled: true,
          nbf: 1,
          exp: 2,
          created: NOW,
          materialId: `m-${V1}`,
        },
        sealed: { tags: { a: 'b' } },
      },
    ]);
  });

  it('records the curve of an EC key and no sealed part without tags', () => {
    const [event] = decide(create(V1, { spec: { kty: 'EC', crv: 'P-256' }, public: ec }), noKey);
    expect(event).toMatchObject({ data: { kty: 'EC', crv: 'P-256', keyOps: ['sign', 'verify'] } });
    expect(event).not.toHaveProperty('sealed');
    expect(event?.data).not.toHaveProperty('size');
  });

  it('adds a version to the key that holds the name, in the spelling of its first version', () => {
    const state = given(create(V1), create(V2, { name: 'SIGNING' }));
    expect(state).toMatchObject({ status: 'active', name: 'Signing', latest: V2 });
    expect(state.status === 'active' && [...state.versions.keys()]).toEqual([V1, V2]);
  });

  it('is refused while a soft-deleted key holds the name', () => {
    expect(() => decide(create(V2), given(create(V1), softDelete))).toThrow(
      refusedWith('ObjectIsDeletedButRecoverable'),
    );
  });

  it('never reuses a purged incarnation', () => {
    expect(() => decide(create(V2), given(create(V1), softDelete, purge))).toThrow(refusedWith('Conflict'));
  });

  it('refuses a version that exists already', () => {
    expect(() => decide(create(V1), given(create(V1)))).toThrow(refusedWith('Conflict'));
  });

  it('refuses operations that do not fit the type', () => {
    expect(() =>
      decide(create(V1, { spec: { kty: 'EC', crv: 'P-256' }, public: ec, keyOps: ['encrypt'] }), noKey),
    ).toThrow(refusedWith('BadParameter'));
  });
});

describe('updating a version', () => {
  const update = { type: 'UpdateVersion', name: 'signing', now: NOW + 5 } as const;
  const made = create(V1, { tags: { a: '1', b: '2' }, nbf: 10, exp: 20 });

  it('changes what was sent and leaves the rest', () => {
    const state = given(made, { ...update, version: V1, enabled: false });
    expect(state).toMatchObject({ status: 'active' });
    expect(state.status === 'active' && state.versions.get(V1)).toMatchObject({
      enabled: false,
      nbf: 10,
      exp: 20,
      tags: { a: '1', b: '2' },
      created: NOW,
      updated: NOW + 5,
    });
  });

  it('replaces the whole map of tags', () => {
    const state = given(made, { ...update, tags: { c: '3' } });
    expect(state.status === 'active' && state.versions.get(V1)?.tags).toEqual({ c: '3' });
  });

  it('means the latest version when none is named', () => {
    const [event] = decide({ ...update, keyOps: ['sign'] }, given(made, create(V2)));
    expect(event?.data).toEqual({ name: 'Signing', version: V2, keyOps: ['sign'], updated: NOW + 5 });
  });

  it('decides nothing when nothing was sent', () => {
    expect(decide(update, given(made))).toEqual([]);
  });

  it('does not move `updated` back when the clock went back', () => {
    const [event] = decide({ ...update, now: NOW - 100, enabled: true }, given(made));
    expect(event?.data).toMatchObject({ updated: NOW });
  });

  it.each<[string, KeyCommand[], string | undefined]>([
    ['an unknown version', [made], V2],
    ['a soft-deleted key', [made, softDelete], V1],
    ['a purged key', [made, softDelete, purge], undefined],
    ['a key that never was', [], undefined],
  ])('finds no key for %s', (_what, before, version) => {
    expect(() => decide({ ...update, version, enabled: false }, given(...before))).toThrow(refusedWith('KeyNotFound'));
  });

  it('refuses operations that do not fit the type', () => {
    expect(() => decide({ ...update, keyOps: ['import'] }, given(made))).toThrow(refusedWith('BadParameter'));
  });
});

describe('deleting, recovering, purging', () => {
  it('schedules the purge after the retention of the vault', () => {
    expect(decide(softDelete, given(create(V1)))).toEqual([
      { type: 'KeyDeleted', data: { name: 'Signing', deletedDate: NOW, scheduledPurgeDate: NOW + 7 * DAY } },
    ]);
  });

  it('destroys at once in a vault without soft-delete', () => {
    expect(decide({ ...softDelete, softDelete: { digests } }, given(create(V1)))).toEqual([
      { type: 'KeyDeleted', data: { name: 'Signing', deletedDate: NOW } },
      { type: 'KeyPurged', data: { name: 'Signing', versions: [V1], digests } },
    ]);
  });

  it('brings back every version on recovery', () => {
    const before = given(create(V1), create(V2));
    expect(given(create(V1), create(V2), softDelete, recover)).toEqual(before);
  });

  it('records what a purge destroyed and forgets the rest', () => {
    const state = given(create(V1, { tags: { a: 'b' } }), softDelete);
    expect(decide(purge, state)).toEqual([{ type: 'KeyPurged', data: { name: 'Signing', versions: [V1], digests } }]);
    expect(given(create(V1, { tags: { a: 'b' } }), softDelete, purge)).toEqual({ status: 'purged', name: 'Signing' });
  });

  it('does not purge a key with a version whose digest was not taken', () => {
    expect(() => decide(purge, given(create(V1), create(V2), softDelete))).toThrow(refusedWith('Conflict'));
  });

  it('refuses a caller who purges under purge protection', () => {
    const because = { reason: 'request', purgeProtection: true, vaultName: 'v' } as const;
    expect(() => decide({ ...purge, because }, given(create(V1), softDelete))).toThrow(refusedWith('PurgeProtected'));
  });

  it.each<[string, KeyCommand, KeyCommand[]]>([
    ['deleting twice', softDelete, [create(V1), softDelete]],
    ['recovering an active key', recover, [create(V1)]],
    ['purging an active key', purge, [create(V1)]],
    ['recovering a purged key', recover, [create(V1), softDelete, purge]],
    ['purging a purged key', purge, [create(V1), softDelete, purge]],
  ])('finds nothing for %s', (_what, command, before) => {
    expect(() => decide(command, given(...before))).toThrow(refusedWith('KeyNotFound'));
  });
});

describe('purging without a caller', () => {
  const retention: KeyCommand = { ...purge, because: { reason: 'retention' } };
  const vault: KeyCommand = { ...purge, because: { reason: 'vault' } };
  const types = (events: readonly KeyEvent[]): string[] => events.map((event) => event.type);

  it('purges at the scheduled date, not a second earlier', () => {
    const state = given(create(V1), softDelete);
    expect(decide({ ...retention, now: NOW + 7 * DAY - 1 }, state)).toEqual([]);
    expect(types(decide({ ...retention, now: NOW + 7 * DAY }, state))).toEqual(['KeyPurged']);
  });

  it('leaves alone a key that was recovered meanwhile', () => {
    expect(decide({ ...retention, now: NOW + 8 * DAY }, given(create(V1), softDelete, recover))).toEqual([]);
  });

  it('destroys active and deleted keys of a purged vault, and does nothing the second time', () => {
    expect(types(decide(vault, given(create(V1))))).toEqual(['KeyPurged']);
    expect(types(decide(vault, given(create(V1), softDelete)))).toEqual(['KeyPurged']);
    expect(decide(vault, given(create(V1), vault))).toEqual([]);
    expect(decide(vault, noKey)).toEqual([]);
  });
});
