import { keyOpsOf, cryptoOps, type KeyOp } from './key-ops.js';
import { assertUsable, type UsedOp } from './key-usage.js';
import { decide, type CreateVersion, type UpdateVersion } from './key.decide.js';
import { evolve, noKey, type KeyEvent, type KeyState } from './key.js';

const NOW = 1_800_000_000;
const spec = { kty: 'RSA', keySize: 2048, publicExponent: 65537 } as const;
const create = (more: Partial<CreateVersion> = {}): CreateVersion => ({
  type: 'CreateVersion',
  name: 'k',
  now: NOW,
  version: 'a'.repeat(32),
  spec,
  public: { kty: 'RSA', n: 'bg', e: 'AQAB' },
  enabled: true,
  materialId: 'm',
  keyOps: ['import'],
  ...more,
});
const update = (more: Partial<UpdateVersion>): UpdateVersion => ({
  type: 'UpdateVersion',
  name: 'k',
  now: NOW,
  ...more,
});
const after = (events: readonly KeyEvent[], state: KeyState = noKey) => events.reduce(evolve, state);
const refused = (code: string, message: RegExp): Error =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;
const badOps = (message: RegExp) => refused('BadParameter', new RegExp(`^Property key_ops [\\s\\S]*${message.source}`));

describe('key_ops of an exchange key', () => {
  it('are import and nothing else, said once or twice', () => {
    expect(keyOpsOf('RSA', ['import'])).toEqual(['import']);
    expect(keyOpsOf('RSA', ['import', 'import'])).toEqual(['import']);
    expect(keyOpsOf('RSA', undefined)).not.toContain('import');
  });

  it.each([...cryptoOps, 'export', 'frobnicate'])('cannot hold %s as well, in either order', (op) => {
    expect(() => keyOpsOf('RSA', ['import', op])).toThrow(badOps(/must be the only operation/));
    expect(() => keyOpsOf('RSA', [op, 'import'])).toThrow(badOps(/must be the only operation/));
  });

  it.each(['EC', 'oct'] as const)('do not fit a key of type %s', (kty) => {
    expect(() => keyOpsOf(kty, ['import'])).toThrow(badOps(new RegExp(`does not fit a key of type ${kty}`)));
  });

  it('do not fit a key that can leave', () => {
    expect(() => keyOpsOf('RSA', ['import'], true)).toThrow(badOps(/exportable/));
  });
});

describe('an exchange key', () => {
  const state = after(decide(create(), noKey));
  const ordinary = after(decide(create({ keyOps: undefined }), noKey));

  it('is made in the vault: one that is imported is refused', () => {
    expect(decide(create(), noKey)[0]?.data).toMatchObject({ keyOps: ['import'] });
    expect(() => decide(create({ origin: 'imported' }), noKey)).toThrow(badOps(/made in this vault/));
  });

  it.each<{ keyOps: string[] }>([{ keyOps: [] }, { keyOps: ['decrypt'] }])(
    'cannot be made another: $keyOps',
    (change) => {
      expect(() => decide(update(change), state)).toThrow(badOps(/existing key/));
    },
  );

  it('cannot be made of another', () => {
    expect(() => decide(update({ keyOps: ['import'] }), ordinary)).toThrow(badOps(/existing key/));
    expect(() => decide(update({ keyOps: ['import', 'decrypt'] }), state)).toThrow(badOps(/only operation/));
  });

  it('can be changed otherwise, also with its operation said again', () => {
    const events = decide(update({ keyOps: ['import'], enabled: false }), state);
    expect(events[0]?.data).toMatchObject({ keyOps: ['import'], enabled: false });
  });

  it('stays one when it is rotated', () => {
    const rotate = { type: 'RotateKey', name: 'k', now: NOW, version: 'b'.repeat(32), spec, materialId: 'n' } as const;
    const [event] = decide(
      { ...rotate, public: { kty: 'RSA', n: 'b'.repeat(342), e: 'AQAB' }, scheduled: false },
      rotatable(),
    );
    expect(event?.data).toMatchObject({ keyOps: ['import'] });
  });

  function rotatable(): KeyState {
    return after(decide(create({ public: { kty: 'RSA', n: 'b'.repeat(342), e: 'AQAB' } }), noKey));
  }
});

describe('a key that was brought wrapped', () => {
  it('remembers what it was wrapped to', () => {
    const wrappedBy = { name: 'kek', version: 'c'.repeat(32) };
    const [event] = decide(create({ keyOps: ['sign'], origin: 'imported', wrappedBy }), noKey);
    expect(event?.data).toMatchObject({ origin: 'imported', wrappedBy });
    const [other] = decide(create({ keyOps: ['sign'], origin: 'imported' }), noKey);
    expect(other?.data).not.toHaveProperty('wrappedBy');
  });
});

describe('use of an exchange key', () => {
  const keyOps: KeyOp[] = ['import'];
  const use =
    (op: UsedOp, more: object = {}, at = NOW) =>
    () => {
      assertUsable({ enabled: true, keyOps, ...more }, op, at);
    };

  it('is import, and no other', () => {
    expect(use('import')).not.toThrow();
    for (const op of cryptoOps) expect(use(op)).toThrow(refused('KeyOperationForbidden', /./));
    expect(use('import', { keyOps: cryptoOps })).toThrow(refused('KeyOperationForbidden', /^Operation import is not/));
  });

  it('needs a key that is enabled and valid', () => {
    expect(use('import', { enabled: false })).toThrow(refused('KeyDisabled', /^Operation import /));
    expect(use('import', { nbf: NOW + 1 })).toThrow(refused('KeyNotYetValid', /^Operation import /));
    expect(use('import', { exp: NOW })).toThrow(refused('KeyExpired', /^Operation import /));
    expect(use('import', { nbf: NOW, exp: NOW + 1 })).not.toThrow();
  });
});
