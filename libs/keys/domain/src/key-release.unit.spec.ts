import { decide, type CreateVersion, type UpdateVersion } from './key.decide.js';
import { evolve, noKey, type KeyEvent, type KeyState } from './key.js';
import type { ReleasePolicy } from './release-policy.js';

const policy = (value: string) => {
  const rule = { authority: 'https://attest.example', allOf: [{ claim: 'a', equals: value }] };
  return Buffer.from(JSON.stringify({ version: '1.0.0', anyOf: [rule] })).toString('base64url');
};
const DEFAULT = 'application/json; charset=utf-8';
const NOW = 1_800_000_000;

const create = (more: Partial<CreateVersion> = {}): CreateVersion => ({
  type: 'CreateVersion',
  name: 'k',
  now: NOW,
  version: 'a'.repeat(32),
  spec: { kty: 'oct', keySize: 256 },
  public: { kty: 'oct' },
  enabled: true,
  materialId: 'm',
  ...more,
});
const update = (more: Partial<UpdateVersion>): UpdateVersion => ({
  type: 'UpdateVersion',
  name: 'k',
  now: NOW,
  ...more,
});
const after = (events: readonly KeyEvent[], state: KeyState = noKey) => events.reduce(evolve, state);
const exportable = (releasePolicy: Partial<ReleasePolicy>, more: Partial<CreateVersion> = {}) =>
  create({ exportable: true, releasePolicy, ...more });
const latest = (state: KeyState) => (state.status === 'active' ? state.versions.get(state.latest) : undefined);
const refused = (message: string): Error => expect.objectContaining({ code: 'BadParameter', message }) as Error;

const FIXED = refused('AKV.SKR.1020: Immutable Key Release Policy cannot be modified.');
const NO_EXPORT = refused('AKV.SKR.1005: Non-exportable keys must not have release policy.');
const SAME_EXPORT = refused('AKV.SKR.1003: The exportable attribute of an existing key cannot be changed.');

describe('an exportable key', () => {
  const state = after(decide(exportable({ data: policy('1') }), noKey));
  const fixed = after(decide(exportable({ data: policy('1'), immutable: true }), noKey));
  const second = { version: 'b'.repeat(32) };

  it('keeps its policy, mutable unless it says otherwise', () => {
    expect(latest(state)).toMatchObject({
      exportable: true,
      releasePolicy: { contentType: DEFAULT, data: policy('1'), immutable: false },
    });
  });

  it('has both or none', () => {
    const without = create({ exportable: true });
    expect(() => decide(without, noKey)).toThrow(refused('AKV.SKR.1004: Exportable keys must have release policy.'));
    expect(() => decide(create({ releasePolicy: { data: policy('1') } }), noKey)).toThrow(NO_EXPORT);
    const [event] = decide(create({ exportable: false }), noKey);
    expect(event?.data).not.toHaveProperty('exportable');
  });

  it('may have export among its operations, and no other key may', () => {
    const [event] = decide(exportable({ data: policy('1') }, { keyOps: ['export', 'encrypt'] }), noKey);
    expect(event?.data).toMatchObject({ keyOps: ['export', 'encrypt'] });
    expect(() => decide(create({ keyOps: ['export'] }), noKey)).toThrow(/key_ops/);
    expect(decide(update({ keyOps: ['export'] }), state)[0]?.data).toMatchObject({ keyOps: ['export'] });
    expect(() => decide(update({ keyOps: ['export'] }), after(decide(create(), noKey)))).toThrow(/key_ops/);
    expect(latest(state)?.keyOps).not.toContain('export');
  });

  it('stays exportable in every version, and others never become it', () => {
    expect(() => decide(create(second), state)).toThrow(SAME_EXPORT);
    const plain = after(decide(create(), noKey));
    expect(() => decide(exportable({ data: policy('1') }, second), plain)).toThrow(SAME_EXPORT);
    expect(() => decide(update({ exportable: false }), state)).toThrow(SAME_EXPORT);
    expect(() => decide(update({ exportable: true }), plain)).toThrow(SAME_EXPORT);
    expect(decide(update({ exportable: true }), state)).toEqual([]);
  });

  it('gets another policy while the one it has is mutable', () => {
    const events = decide(update({ releasePolicy: { data: policy('2') } }), state);
    const next = { contentType: DEFAULT, data: policy('2'), immutable: false };
    expect(events).toEqual([
      { type: 'KeyVersionUpdated', data: { name: 'k', version: 'a'.repeat(32), releasePolicy: next, updated: NOW } },
    ]);
    expect(latest(after(events, state))?.releasePolicy).toEqual(next);
    const v2 = after(decide(exportable({ data: policy('3') }, second), state), state);
    expect(latest(v2)?.releasePolicy?.data).toBe(policy('3'));
  });

  it('may make its policy immutable, and never mutable again', () => {
    const made = after(decide(update({ releasePolicy: { immutable: true } }), state), state);
    expect(latest(made)?.releasePolicy).toEqual({ contentType: DEFAULT, data: policy('1'), immutable: true });
    for (const kept of [made, fixed]) {
      for (const releasePolicy of [
        { immutable: false },
        { data: policy('2') },
        { data: policy('2'), immutable: true },
        { contentType: 'application/json' },
      ]) {
        expect(() => decide(update({ releasePolicy }), kept)).toThrow(FIXED);
      }
      expect(decide(update({ releasePolicy: { data: policy('1'), immutable: true } }), kept)).toEqual([]);
      expect(() => decide(exportable({ data: policy('2'), immutable: true }, second), kept)).toThrow(FIXED);
      expect(() => decide(exportable({ data: policy('1') }, second), kept)).toThrow(FIXED);
      const same = exportable({ data: policy('1'), immutable: true }, second);
      expect(latest(after(decide(same, kept), kept))?.version).toBe(second.version);
    }
  });

  it('keeps a policy from before a stricter rule until it gets another one', () => {
    const rule = { authority: 'https://attest.example', allOf: [{ claim: 'a', equals: '1' }], notBefore: 1 };
    const data = Buffer.from(JSON.stringify({ anyOf: [rule] })).toString('base64url');
    const [event] = decide(exportable({ data: policy('1') }), noKey);
    if (event?.type !== 'KeyVersionCreated') throw new Error('a version should have been made');
    const stored = (immutable: boolean) =>
      after([{ ...event, data: { ...event.data, releasePolicy: { contentType: DEFAULT, data, immutable } } }]);
    expect(decide(update({ releasePolicy: { data, immutable: true } }), stored(true))).toEqual([]);
    expect(() => decide(update({ releasePolicy: { immutable: true } }), stored(false))).toThrow(/release_policy.data/);
    expect(decide(update({ releasePolicy: { data: policy('2') } }), stored(false))).toHaveLength(1);
    expect(() => decide(update({ releasePolicy: { data: policy('2') } }), stored(true))).toThrow(FIXED);
  });

  it('refuses a policy that is none, and one for a key that has none', () => {
    expect(() => decide(exportable({ data: 'eA' }), noKey)).toThrow(/release_policy.data/);
    expect(() => decide(exportable({}), noKey)).toThrow(/release_policy.data/);
    expect(() => decide(update({ releasePolicy: { data: 'eA' } }), state)).toThrow(/release_policy.data/);
    const plain = after(decide(create(), noKey));
    expect(() => decide(update({ releasePolicy: { data: policy('1') } }), plain)).toThrow(NO_EXPORT);
  });
});
