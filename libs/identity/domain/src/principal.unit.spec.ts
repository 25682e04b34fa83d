import principalCreated from '../fixtures/events/PrincipalCreated.v1.json' with { type: 'json' };
import principalDeleted from '../fixtures/events/PrincipalDeleted.v1.json' with { type: 'json' };
import principalPasswordAdded from '../fixtures/events/PrincipalPasswordAdded.v1.json' with { type: 'json' };
import principalPasswordRemoved from '../fixtures/events/PrincipalPasswordRemoved.v1.json' with { type: 'json' };
import {
  MAX_PASSWORDS,
  principalDecider,
  type NewPassword,
  type PrincipalCommand,
  type PrincipalEvent,
  type PrincipalState,
} from './index.js';

const objectId = '6f1d2c3b-0000-4000-8000-000000000001';
const created: PrincipalEvent = {
  type: 'PrincipalCreated',
  data: { objectId, appId: 'app', displayName: 'deploy', createdDateTime: '2030-01-01T00:00:00.000Z' },
};
const password = (keyId: string, endDateTime?: string): NewPassword => ({
  facts: { keyId, startDateTime: '2030-01-01T00:00:00.000Z', ...(endDateTime === undefined ? {} : { endDateTime }) },
  sealed: { hash: 'h', hint: 'abc' },
});
const added = (keyId: string): PrincipalEvent => ({
  type: 'PrincipalPasswordAdded',
  data: { objectId, ...password(keyId).facts },
});

function given(...events: PrincipalEvent[]) {
  const state = events.reduce<PrincipalState>((s, e) => principalDecider.evolve(s, e), principalDecider.initialState);
  return { when: (command: PrincipalCommand) => principalDecider.decide(command, state) };
}
const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;

describe('a service principal', () => {
  it('is created with its first password in one decision', () => {
    const events = given().when({ type: 'CreatePrincipal', principal: created.data, password: password('k1') });
    expect(events).toEqual([created, { ...added('k1'), sealed: { hash: 'h', hint: 'abc' } }]);
  });

  it.each(['', '   ', 'x'.repeat(257), 'a\u0000b', 'a\r\nb'])('is not created under the name %j', (displayName) => {
    const principal = { ...created.data, displayName };
    expect(() => given().when({ type: 'CreatePrincipal', principal })).toThrow(code('BadParameter'));
  });

  it('is not created twice, also not after its deletion', () => {
    const deleted: PrincipalEvent = { type: 'PrincipalDeleted', data: { objectId } };
    const command: PrincipalCommand = { type: 'CreatePrincipal', principal: created.data };
    expect(() => given(created).when(command)).toThrow(code('Conflict'));
    expect(() => given(created, deleted).when(command)).toThrow(code('Conflict'));
  });

  it('takes no command before its creation and none after its deletion', () => {
    const deleted: PrincipalEvent = { type: 'PrincipalDeleted', data: { objectId } };
    for (const history of [[], [created, deleted]]) {
      for (const command of [
        { type: 'AddPassword', objectId, password: password('k1') },
        { type: 'RemovePassword', objectId, keyId: 'k1' },
        { type: 'DeletePrincipal', objectId },
      ] as const) {
        expect(() => given(...history).when(command)).toThrow(code('PrincipalNotFound'));
      }
    }
  });

  it('gets no password that ends before it begins', () => {
    const command: PrincipalCommand = {
      type: 'AddPassword',
      objectId,
      password: password('k1', '2030-01-01T00:00:00.000Z'),
    };
    expect(() => given(created).when(command)).toThrow(code('BadParameter'));
  });

  it('has a bounded number of passwords; removing one makes room', () => {
    const many = Array.from({ length: MAX_PASSWORDS }, (_, i) => added(`k${i}`));
    const command: PrincipalCommand = { type: 'AddPassword', objectId, password: password('new') };
    expect(() => given(created, ...many).when(command)).toThrow(code('BadParameter'));
    const removed = given(created, ...many).when({ type: 'RemovePassword', objectId, keyId: 'k3' });
    expect(given(created, ...many, ...removed).when(command)).toHaveLength(1);
  });

  it('does not lose a password that it does not have', () => {
    const command: PrincipalCommand = { type: 'RemovePassword', objectId, keyId: 'k2' };
    expect(() => given(created, added('k1')).when(command)).toThrow(code('BadParameter'));
  });
});

describe('stored events of every version', () => {
  const keyId = principalPasswordAdded.data.keyId;
  const replay = (stored: readonly unknown[]): PrincipalState =>
    (stored as readonly PrincipalEvent[]).reduce<PrincipalState>(
      (s, e) => principalDecider.evolve(s, e),
      principalDecider.initialState,
    );

  it('are replayed to the same state as ever', () => {
    const stored = [principalCreated, principalPasswordAdded, principalPasswordRemoved, principalDeleted];
    expect(stored.map((_, i) => replay(stored.slice(0, i + 1)))).toEqual([
      { status: 'active', objectId, keyIds: [] },
      { status: 'active', objectId, keyIds: [keyId] },
      { status: 'active', objectId, keyIds: [] },
      { status: 'deleted' },
    ]);
  });

  it('are replayed also when their sealed part can no longer be read', () => {
    const { type, schemaVersion, data } = principalPasswordAdded;
    expect(replay([principalCreated, { type, schemaVersion, data }])).toEqual({
      status: 'active',
      objectId,
      keyIds: [keyId],
    });
  });
});
