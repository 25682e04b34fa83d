import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConcurrencyConflict, type EventStore } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import { anAppend, anEvent, appendRetrying } from './appends.js';

export interface EventStoreUnderTest {
  readonly store: EventStore;
  close(): Promise<void>;
}

const WRITERS = 16;
const EACH = 5;

/** What every adapter of the EventStore port must do (ports.ts). Call it inside a spec of the adapter. */
export function describeEventStore(adapter: string, setUp: () => Promise<EventStoreUnderTest>): void {
  describe(`${adapter} as an event store`, () => {
    let test: EventStoreUnderTest;
    beforeAll(async () => {
      test = await setUp();
    });
    afterAll(() => test.close());

    describeNumbers(() => test.store);
    describeConflicts(() => test.store);
    describeDuplicates(() => test.store);
    describeWriters(() => test.store);
  });
}

function describeNumbers(store: () => EventStore): void {
  it('numbers events in their vault and their stream, and reads them back as they were written', async () => {
    const [vaultId, commandId] = [newId(), newId()];
    const data = { b: 1, a: 'ü\u0000\ud800\n', nested: { list: [1, null, true] }, absent: undefined };
    const first = { ...anEvent('ThingMade', data), sealed: 'c2VhbGVk' };
    const streams = [
      { streamId: `thing-${vaultId}`, expectedVersion: 0, events: [first, anEvent('ThingDone')] },
      { streamId: `other-${vaultId}`, expectedVersion: 0, events: [anEvent()] },
    ];
    const { events, duplicate } = await store().append(anAppend({ vaultId, commandId, streams }));
    expect(duplicate).toBe(false);
    expect(events.map((e) => [e.vaultSeq, e.streamId, e.streamVersion, e.epoch])).toEqual([
      [1, `thing-${vaultId}`, 1, 1],
      [2, `thing-${vaultId}`, 2, 1],
      [3, `other-${vaultId}`, 1, 1],
    ]);
    expect(events[0]).toMatchObject({ eventId: commandId, recordedAt: '2027-01-15T08:00:00.123Z', sealed: 'c2VhbGVk' });
    const stored = await store().readVault(vaultId, 1, 10);
    expect(stored).toEqual(events);
    expect(JSON.stringify(stored[0]?.data)).toBe(JSON.stringify(data));
  });

  it('reads a stream after a version and a vault in pages', async () => {
    const vaultId = newId();
    const streams = [{ streamId: vaultId, expectedVersion: 0, events: Array.from({ length: 5 }, () => anEvent()) }];
    await store().append(anAppend({ vaultId, streams }));
    expect((await store().load(vaultId, 3)).map((event) => event.streamVersion)).toEqual([4, 5]);
    expect((await store().load(vaultId, 1, 2)).map((event) => event.streamVersion)).toEqual([2, 3]);
    expect((await store().readVault(vaultId, 2, 2)).map((event) => event.vaultSeq)).toEqual([2, 3]);
    expect(await store().load(newId())).toEqual([]);
    expect(await store().readVault(newId(), 1, 10)).toEqual([]);
  });

  it('tells listeners of every attempt, also of one that failed', async () => {
    const told: string[] = [];
    store().onAppend((_, streamIds) => told.push(...streamIds));
    const streamId = newId();
    await store().append(anAppend({}, streamId));
    await expect(store().append(anAppend({}, streamId))).rejects.toThrow(ConcurrencyConflict);
    expect(told.filter((id) => id === streamId)).toHaveLength(2);
  });
}

function describeConflicts(store: () => EventStore): void {
  it.each([
    ['behind', 1],
    ['ahead of', 3],
  ])('refuses a decision made on a version %s the stream, and changes nothing', async (_, expectedVersion) => {
    const [vaultId, streamId] = [newId(), newId()];
    const two = [{ streamId, expectedVersion: 0, events: [anEvent(), anEvent()] }];
    await store().append(anAppend({ vaultId, streams: two }));
    const other = { streamId: newId(), expectedVersion: 0, events: [anEvent()] };
    const streams = [other, { streamId, expectedVersion, events: [anEvent()] }];
    await expect(store().append(anAppend({ vaultId, streams }))).rejects.toThrow(ConcurrencyConflict);
    expect(await store().load(other.streamId)).toEqual([]);
    const next = await store().append(anAppend({ vaultId }));
    expect(next.events[0]?.vaultSeq).toBe(3);
  });
}

function describeDuplicates(store: () => EventStore): void {
  it('answers a repeated command with the first append, also when the stream has moved on', async () => {
    const [vaultId, streamId] = [newId(), newId()];
    const streams = [{ streamId, expectedVersion: 0, events: [anEvent(), anEvent()] }];
    const request = anAppend({ vaultId, streams });
    const first = await store().append(request);
    await appendRetrying(store(), vaultId, streamId, anEvent());
    expect(await store().append(request)).toEqual({ events: first.events, duplicate: true });
    expect(await store().readVault(vaultId, 1, 10)).toHaveLength(3);
  });

  it('appends once when a command is sent many times at once', async () => {
    const request = anAppend({ vaultId: newId() });
    const results = await Promise.all(Array.from({ length: WRITERS }, () => store().append(request)));
    expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    for (const { events } of results) expect(events).toEqual(results[0]?.events);
    expect(await store().readVault(request.vaultId, 1, 10)).toHaveLength(1);
  });
}

function describeWriters(store: () => EventStore): void {
  const times = async (work: (writer: number, i: number) => Promise<unknown>) => {
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let i = 0; i < EACH; i += 1) await work(writer, i);
      }),
    );
  };
  const gapless = Array.from({ length: WRITERS * EACH }, (_, i) => i + 1);

  it('numbers a vault without a gap under 16 writers', async () => {
    const vaultId = newId();
    await times((writer) => appendRetrying(store(), vaultId, `${vaultId}-${writer}`, anEvent()));
    expect((await store().readVault(vaultId, 1, 1000)).map((event) => event.vaultSeq)).toEqual(gapless);
  });

  it('loses no update when 16 writers append to one stream', async () => {
    const streamId = newId();
    const ids: string[] = [];
    await times(async () => {
      const event = anEvent();
      ids.push(event.eventId);
      await appendRetrying(store(), streamId, streamId, event);
    });
    const stored = await store().load(streamId);
    expect(stored.map((event) => event.streamVersion)).toEqual(gapless);
    expect(stored.map((event) => event.eventId).sort()).toEqual(ids.sort());
  });
}
