import fc from 'fast-check';
import { decide, type SecretCommand } from './secret.decide.js';
import { evolve, noSecret, type SecretEvent, type SecretState } from './secret.js';

const versions = ['a', 'b', 'c'].map((letter) => letter.repeat(32));
const digests = versions.map((version) => ({ version, sha256: '00' }));
const version = fc.constantFrom(...versions);
// As many digests as versions may have been set, or too few.
const digested = fc.constantFrom(Array.from({ length: 30 }, () => digests).flat(), digests.slice(1));
const base = { name: fc.constantFrom('k', 'K'), now: fc.integer({ min: 0, max: 1000 }) };
const attributes = {
  nbf: fc.nat(),
  exp: fc.nat(),
  contentType: fc.string(),
  tags: fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
};

const command: fc.Arbitrary<SecretCommand> = fc.oneof(
  fc.record(
    {
      type: fc.constant('SetVersion' as const),
      ...base,
      version,
      enabled: fc.boolean(),
      materialId: fc.uuid(),
      ...attributes,
    },
    { requiredKeys: ['type', 'name', 'now', 'version', 'enabled', 'materialId'] },
  ),
  fc.record(
    { type: fc.constant('UpdateVersion' as const), ...base, version, enabled: fc.boolean(), ...attributes },
    { requiredKeys: ['type', 'name', 'now', 'version'] },
  ),
  fc.record({
    type: fc.constant('DeleteSecret' as const),
    ...base,
    softDelete: fc.oneof(fc.constant({ retentionInDays: 7 }), fc.record({ digests: digested })),
  }),
  fc.record({ type: fc.constant('RecoverSecret' as const), ...base }),
  fc.record({
    type: fc.constant('PurgeSecret' as const),
    ...base,
    digests: digested,
    because: fc.constantFrom(
      { reason: 'request', purgeProtection: false, vaultName: 'v' } as const,
      { reason: 'request', purgeProtection: true, vaultName: 'v' } as const,
      { reason: 'retention' } as const,
      { reason: 'vault' } as const,
    ),
  }),
);

/** Runs commands one after another; a refused one changes nothing. */
function run(commands: readonly SecretCommand[]): { state: SecretState; events: SecretEvent[]; states: SecretState[] } {
  let state = noSecret;
  const events: SecretEvent[] = [];
  const states: SecretState[] = [];
  for (const next of commands) {
    const decided = tryDecide(next, state);
    events.push(...decided);
    state = decided.reduce(evolve, state);
    states.push(state);
  }
  return { state, events, states };
}

function tryDecide(next: SecretCommand, state: SecretState): readonly SecretEvent[] {
  try {
    return decide(next, state);
  } catch (error) {
    expect(error).toHaveProperty('name', 'CofferError');
    return [];
  }
}

const history = fc.array(command, { maxLength: 30 });

describe('any history of a secret', () => {
  it('never leaves the purged state', () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { states, events } = run(commands);
        const firstPurged = states.findIndex((state) => state.status === 'purged');
        const after = firstPurged === -1 ? [] : states.slice(firstPurged);
        expect(after.every((state) => state.status === 'purged')).toBe(true);
        const purgedAt = events.findIndex((event) => event.type === 'SecretPurged');
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
        expect(events.reduce(evolve, noSecret)).toEqual(state);
        expect(events.slice(cut).reduce(evolve, events.slice(0, cut).reduce(evolve, noSecret))).toEqual(state);
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

  it('counts its versions, so that no purge can overlook one', () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { state, events } = run(commands);
        const set = events.filter((event) => event.type === 'SecretVersionSet');
        if (state.status === 'active' || state.status === 'deleted') expect(state.versions).toBe(set.length);
        for (const event of events) {
          if (event.type === 'SecretPurged') expect(event.data.digests.length).toBeGreaterThanOrEqual(set.length);
        }
      }),
    );
  });

  it('keeps descriptive text out of what is stored in the clear', () => {
    fc.assert(
      fc.property(history, (commands) => {
        for (const { data } of run(commands).events) {
          expect(data).not.toHaveProperty('tags');
          expect(data).not.toHaveProperty('contentType');
        }
      }),
    );
  });

  it('replays without the sealed parts that a purge has made unreadable', () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { state, events } = run(commands);
        const stripped = events.map(({ type, data }) => ({ type, data }) as SecretEvent);
        expect(stripped.reduce(evolve, noSecret).status).toBe(state.status);
      }),
    );
  });
});
