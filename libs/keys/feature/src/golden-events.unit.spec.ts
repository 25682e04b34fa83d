import { readdirSync, readFileSync } from 'node:fs';
import { evolve, noKey, type KeyEvent, type KeyState } from '@coffer/keys-domain';

const directory = new URL('../../domain/fixtures/', import.meta.url);
const golden = (name: string): KeyEvent => JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as KeyEvent;

/** Events as they have been stored since their schema version exists, in an order a key can live through. */
const life = [
  'key-version-created.rsa.v1.json',
  'key-version-created.ec.v1.json',
  'key-version-updated.v1.json',
  'key-deleted.v1.json',
  'key-recovered.v1.json',
  'key-deleted.without-soft-delete.v1.json',
  'key-purged.v1.json',
];
/** Events of keys of their own. */
const imported = 'key-version-created.imported.v1.json';
const leaving = ['key-version-created.exportable.v1.json', 'key-version-updated.release-policy.v1.json'];
const wrapping = ['key-version-created.exchange.v1.json', 'key-version-created.wrapped.v1.json'];
const policySet = 'key-rotation-policy-set.v1.json';
const notified = 'key-expiry-notified.v1.json';
const inHardware = ['key-version-created.rsa-hsm.v1.json', 'key-version-created.oct-hsm.v1.json'];
const others = [
  'key-version-created.oct.v1.json',
  ...inHardware,
  imported,
  ...leaving,
  ...wrapping,
  policySet,
  notified,
];
const RSA = '0123456789abcdef0123456789abcdef';
const EC = 'fedcba9876543210fedcba9876543210';

describe('golden events of keys', () => {
  const states = life.reduce<KeyState[]>((all, name) => [...all, evolve(all.at(-1) ?? noKey, golden(name))], []);

  it('has every fixture in the replay', () => {
    expect(readdirSync(directory).sort()).toEqual([...life, ...others].sort());
  });

  it('replays an imported key like one that was made here', () => {
    expect(evolve(noKey, golden(imported))).toMatchObject({ status: 'active', name: 'Brought', latest: EC });
  });

  it('replays an exchange key, and a key that was wrapped to it', () => {
    const [kek, wrapped] = wrapping.map((name) => evolve(noKey, golden(name)));
    const opsOf = (state = noKey) => (state.status === 'active' ? state.versions.get(state.latest)?.keyOps : undefined);
    expect([opsOf(kek), opsOf(wrapped)]).toEqual([['import'], ['sign', 'verify']]);
  });

  it('replays a rotation policy and a notice', () => {
    const state = [imported, policySet, notified].reduce((before, name) => evolve(before, golden(name)), noKey);
    expect(state).toMatchObject({
      rotationPolicy: {
        lifetimeActions: [
          { type: 'Rotate', timeBeforeExpiry: 'P30D' },
          { type: 'Notify', timeBeforeExpiry: 'P60D' },
        ],
        expiryTime: 'P2Y',
        created: 1690000200,
        updated: 1690000300,
      },
    });
    const version = state.status === 'active' ? state.versions.get(EC) : undefined;
    expect(version).toMatchObject({ nearExpiryNotified: 1790000000 });
  });

  it('replays to the state that they have always meant', () => {
    const updated = {
      version: RSA,
      public: { kty: 'RSA', n: 'bW9kdWx1cw', e: 'AQAB' },
      keyOps: ['verify'],
      enabled: false,
      nbf: 1700000001,
      exp: 1800000001,
      created: 1690000000,
      updated: 1690000200,
      tags: { team: 'treasury' },
    };
    const second = {
      version: EC,
      public: { kty: 'EC', crv: 'P-256K', x: 'eA', y: 'eQ' },
      keyOps: ['sign', 'verify'],
      enabled: true,
      created: 1690000100,
      updated: 1690000100,
    };
    const key = {
      name: 'Signing',
      latest: EC,
      versions: new Map<string, unknown>([
        [RSA, updated],
        [EC, second],
      ]),
    };
    expect(states[0]).toMatchObject({ status: 'active', latest: RSA });
    expect(states[2]).toEqual({ status: 'active', ...key });
    expect(states[3]).toEqual({
      status: 'deleted',
      ...key,
      deletedDate: 1690000300,
      scheduledPurgeDate: 1697776300,
    });
    expect(states[4]).toEqual({ status: 'active', ...key });
    expect(states[5]).toEqual({ status: 'deleted', ...key, deletedDate: 1690000400 });
    expect(states[6]).toEqual({ status: 'purged', name: 'Signing' });
  });

  it('replays an oct key to its size, which nothing public tells', () => {
    const version = {
      version: '00112233445566778899aabbccddeeff',
      public: { kty: 'oct' },
      size: 192,
      keyOps: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
      enabled: true,
      created: 1790000000,
      updated: 1790000000,
    };
    expect(evolve(noKey, golden('key-version-created.oct.v1.json'))).toEqual({
      status: 'active',
      name: 'Sealing',
      latest: version.version,
      versions: new Map([[version.version, version]]),
    });
  });

  it('replays keys in hardware as such, and all others as keys in software', () => {
    const custody = [...inHardware, ...life.slice(0, 2)].map((name) => {
      const state = evolve(noKey, golden(name));
      const version = state.status === 'active' ? state.versions.get(state.latest) : undefined;
      return [version?.public.kty, version?.hsm, version?.size];
    });
    expect(custody).toEqual([
      ['RSA', true, undefined],
      ['oct', true, 256],
      ['RSA', undefined, undefined],
      ['EC', undefined, undefined],
    ]);
  });

  it('replays an exportable key to the policy that holds', () => {
    const state = leaving.reduce<KeyState>((before, name) => evolve(before, golden(name)), noKey);
    expect(state).toMatchObject({ status: 'active', latest: RSA });
    expect(state.status === 'active' ? state.versions.get(RSA) : undefined).toMatchObject({
      exportable: true,
      keyOps: ['encrypt', 'decrypt', 'export'],
      releasePolicy: { contentType: 'application/json; charset=utf-8', immutable: true },
      updated: 1790000100,
    });
  });
});
