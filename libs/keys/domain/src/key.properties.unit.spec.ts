import fc from 'fast-check';
import { decide, type KeyCommand } from './key.decide.js';
import { evolve, noKey, replay, type KeyEvent, type KeyState } from './key.js';

const versions = ['a', 'b', 'c'].map((letter) => letter.repeat(32));
const digests = versions.map((version) => ({ version, sha256: '00' }));
const version = fc.constantFrom(...versions);
const base = { name: fc.constantFrom('k', 'K'), now: fc.integer({ min: 0, max: 1000 }) };
const attributes = { nbf: fc.nat(), exp: fc.nat(), tags: fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }) };

const command: fc.Arbitrary<KeyCommand> = fc.oneof(
  fc.record(
    {
      type: fc.constant('CreateVersion' as const),
      ...base,
      version,
      spec: fc.constant({ kty: 'EC', crv: 'P-256' } as const),
      public: fc.constant({ kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' } as const),
      enabled: fc.boolean(),
      materialId: fc.uuid(),
      ...attributes,
    },
    { requiredKeys: ['type', 'name', 'now', 'version', 'spec', 'public', 'enabled', 'materialId'] },
  ),
  fc.record(
    { type: fc.constant('UpdateVersion' as const), ...base, version, enabled: fc.boolean(), ...attributes },
    { requiredKeys: ['type', 'name', 'now'] },
  ),
  fc.record({
    type: fc.constant('DeleteKey' as const),
    ...base,
    softDelete: fc.constantFrom({ retentionInDays: 7 }, { digests }),
  }),
  fc.record({ type: fc.constant('RecoverKey' as const), ...base }),
  fc.record({
    type: fc.constant('PurgeKey' as const),
    ...base,
    digests: fc.constant(digests),
    because: fc.constantFrom(
      { reason: 'request', purgeProtection: false, vaultName: 'v' } as const,
      { reason: 'request', purgeProtection: true, vaultName: 'v' } as const,
      { reason: 'retention' } as const,
      { reason: 'vault' } as const,
    ),
  }),
);

/** Runs commands one after another; a refused one changes nothing. */
function run(commands: readonly KeyCommand[]): { state: KeyState; events: KeyEvent[]; states: KeyState[] } {
  let state = noKey;
  const events: KeyEvent[] = [];
  const states: KeyState[] = [];
  for (const next of commands) {
    const decided = tryDecide(next, state);
    events.push(...decided);
    state = decided.reduce(evolve, state);
    states.push(state);
  }
  return { state, events, states };
}

function tryDecide(next: KeyCommand, state: KeyState): readonly KeyEvent[] {
  try {
    return decide(next, state);
  } catch (error) {
    expect(error).toHaveProperty('name', 'CofferError');
    return [];
  }
}

const history = fc.array(command, { maxLength: 30 });

describe('any history of a key', () => {
  it('is replayed to the same state as step by step, from wherever the replay begins, which stays as it was', () => {
    fc.assert(
      fc.property(history, fc.nat({ max: 30 }), (commands, from) => {
        const { states, events, state } = run(commands);
        expect(events.reduce(replay(), noKey)).toEqual(state);
        const { state: middle, events: before } = run(commands.slice(0, from));
        const kept = structuredClone(middle);
        expect(events.slice(before.length).reduce(replay(), middle)).toEqual(states.at(-1) ?? noKey);
        expect(middle).toEqual(kept);
      }),
    );
  });

  it('never leaves the purged state', () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { states, events } = run(commands);
        const firstPurged = states.findIndex((state) => state.status === 'purged');
        const after = firstPurged === -1 ? [] : states.slice(firstPurged);
        expect(after.every((state) => state.status === 'purged')).toBe(true);
        const purgedAt = events.findIndex((event) => event.type === 'KeyPurged');
        expect(purgedAt === -1 || purgedAt === events.length - 1).toBe(true);
      }),
    );
  });

  it('reaches purged in a fair share of histories, so that the property above says something', () => {
    const sample = fc.sample(history, { numRuns: 300, seed: 1 });
    const purged = sample.filter((commands) => run(commands).state.status === 'purged');
    expect(purged.length).toBeGreaterThan(50);
  });

  it('replays to the same state, in one go and from any point on', () => {
    fc.assert(
      fc.property(history, fc.nat(30), (commands, cut) => {
        const { state, events } = run(commands);
        expect(events.reduce(evolve, noKey)).toEqual(state);
        expect(events.slice(cut).reduce(evolve, events.slice(0, cut).reduce(evolve, noKey))).toEqual(state);
      }),
    );
  });

  it('decides the same on the same state and leaves it untouched', () => {
    fc.assert(
      fc.property(history, command, (commands, next) => {
        const { state } = run(commands);
        const before = structuredClone(state);
        expect(tryDecide(next, state)).toEqual(tryDecide(next, state));
        expect(state).toEqual(before);
      }),
    );
  });

  it('replays without the sealed parts that a purge has made unreadable', () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { state, events } = run(commands);
        const stripped = events.map(({ type, data }) => ({ type, data }) as KeyEvent);
        expect(stripped.reduce(evolve, noKey).status).toBe(state.status);
      }),
    );
  });
});
