import { CommandHandler, type CommandRequest, type Decider, type DomainEvent } from '@coffer/event-sourcing';
import { createEventStore } from '@coffer/event-store-postgres';
import { CofferError, newId } from '@coffer/kernel';
import { aMeta } from '@coffer/testing';
import { storeSetup, type StoreSetup } from './event-store-setup.js';

type Switched = DomainEvent<'SwitchedOn' | 'SwitchedOff' | 'Pressed', object>;
type Command = 'on' | 'off' | 'press';
interface State {
  readonly on: boolean;
  readonly presses: number;
}

/** On twice is nothing; off twice is refused. */
const lamp: Decider<State, Command, Switched> = {
  initialState: { on: false, presses: 0 },
  decide: (command, { on }) => {
    if (command === 'press') return [{ type: 'Pressed', data: {} }];
    if (command === 'on') return on ? [] : [{ type: 'SwitchedOn', data: {} }];
    if (!on) throw new CofferError('Conflict', 'It is off.');
    return [{ type: 'SwitchedOff', data: {} }];
  },
  evolve: (state, { type }) =>
    type === 'Pressed' ? { ...state, presses: state.presses + 1 } : { ...state, on: type === 'SwitchedOn' },
};

describe('a command handler over the event store', () => {
  let setup: StoreSetup;
  /** As in two processes. */
  let handlers: CommandHandler<State, Command, Switched>[];
  beforeAll(async () => {
    setup = await storeSetup();
    handlers = [setup.database, setup.open()].map(
      (database) => new CommandHandler(createEventStore({ database, projections: [] }), lamp),
    );
  });
  afterAll(() => setup.close());

  const send = (handler: number, streamId: string, command: Command, facts: Partial<CommandRequest<Command>> = {}) => {
    const request = { vaultId: 'vault-1', streamId, command, meta: aMeta, now: 1_800_000_000_000, ...facts };
    return (handlers[handler] as (typeof handlers)[0]).handle(request);
  };

  it('decides on what another process has changed, also when the remembered state says that nothing is to do', async () => {
    const streamId = newId();
    await send(0, streamId, 'on');
    await send(1, streamId, 'off');
    const { events, state } = await send(0, streamId, 'on');
    expect(events.map(({ type, streamVersion }) => [type, streamVersion])).toEqual([['SwitchedOn', 3]]);
    expect(state.on).toBe(true);
    await expect(send(1, streamId, 'off')).resolves.toMatchObject({ state: { on: false } });
    await expect(send(1, streamId, 'off')).rejects.toMatchObject({ code: 'Conflict' });
  });

  it('answers a repeated command with its first events and the present state', async () => {
    const [streamId, commandId] = [newId(), newId()];
    const first = await send(0, streamId, 'press', { commandId });
    await send(1, streamId, 'press');
    const again = await send(0, streamId, 'press', { commandId });
    expect(again).toEqual({ state: { on: false, presses: 2 }, events: first.events, duplicate: true });
  });

  // Another process reads the stream in pages of a hundred.
  it.each([100, 160, 200])('loses no update of %i writers in one process', async (writers) => {
    const streamId = newId();
    await Promise.all(Array.from({ length: writers }, () => send(0, streamId, 'press')));
    await expect(send(1, streamId, 'press')).resolves.toMatchObject({ state: { presses: writers + 1 } });
  });
});
