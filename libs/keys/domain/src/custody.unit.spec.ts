import { decide, type CreateVersion } from './key.decide.js';
import { specOfVersion, type RotateKey } from './rotation.decide.js';
import { evolve, noKey, type KeyEvent, type KeyState } from './key.js';

const NOW = 1_800_000_000;
const spec = { kty: 'oct', keySize: 256 } as const;
const create = (more: Partial<CreateVersion> = {}): CreateVersion => ({
  type: 'CreateVersion',
  name: 'k',
  now: NOW,
  version: 'a'.repeat(32),
  spec: { ...spec, hsm: true },
  public: { kty: 'oct' },
  enabled: true,
  materialId: 'm',
  ...more,
});
const rotate = (more: Partial<RotateKey> = {}): RotateKey => ({
  ...create(),
  type: 'RotateKey',
  version: 'b'.repeat(32),
  scheduled: false,
  ...more,
});
const after = (events: readonly KeyEvent[], state: KeyState = noKey) => events.reduce(evolve, state);
const latest = (state: KeyState) => (state.status === 'active' ? state.versions.get(state.latest) : undefined);

describe('a key in hardware', () => {
  const state = after(decide(create(), noKey));

  it('is told by its event and its state, a key in software by neither', () => {
    expect(decide(create(), noKey)[0]?.data).toMatchObject({ kty: 'oct', hsm: true });
    expect(latest(state)?.hsm).toBe(true);
    const software = decide(create({ spec }), noKey);
    expect(software[0]?.data).not.toHaveProperty('hsm');
    expect(latest(after(software))).not.toHaveProperty('hsm');
  });

  it('is rotated to one in hardware, and to no other', () => {
    const version = latest(state);
    expect(version && specOfVersion(version)).toEqual({ ...spec, hsm: true });
    const [event] = decide(rotate(), state);
    expect(event?.data).toMatchObject({ origin: 'rotated', hsm: true });
    const changed = expect.objectContaining({ code: 'Conflict' }) as Error;
    expect(() => decide(rotate({ spec }), state)).toThrow(changed);
    expect(() => decide(rotate(), after(decide(create({ spec }), noKey)))).toThrow(changed);
  });

  it('may be a version of a key whose others are in software', () => {
    const both = after(decide(create({ version: 'c'.repeat(32), spec }), state), state);
    expect(both.status === 'active' ? [...both.versions.values()].map(({ hsm }) => hsm) : []).toEqual([
      true,
      undefined,
    ]);
  });

  it('cannot be exportable', () => {
    const releasePolicy = { data: Buffer.from('{"version":"1.0.0","anyOf":[]}').toString('base64url') };
    const refused = expect.objectContaining({ code: 'BadParameter' }) as Error;
    expect(() => decide(create({ exportable: true, releasePolicy }), noKey)).toThrow(refused);
  });
});
