import { ConcurrencyConflict, type EventStore, type MaterialRow } from '@coffer/event-sourcing';
import { createEventStore } from '@coffer/event-store-postgres';
import { newId } from '@coffer/kernel';
import { anAppend, anEvent } from '@coffer/testing';
import pg from 'pg';
import { rowsOf, storeSetup, thingProjection, type StoreSetup } from './event-store-setup.js';

describe('an append with what hangs on it', () => {
  let setup: StoreSetup;
  let store: EventStore;
  beforeAll(async () => {
    setup = await storeSetup();
    store = createEventStore({ database: setup.database, projections: [thingProjection] });
  });
  afterAll(() => setup.close());

  const made = (name: string, streamId = newId()) => [
    { streamId, expectedVersion: 0, events: [anEvent('ThingMade', { name })] },
  ];
  const material = (objectId: string): MaterialRow => ({
    materialId: newId(),
    objectId,
    kind: 'key',
    version: 'v1',
    term: 3,
    wrappedDek: Buffer.from([0, 255, 92]),
    ciphertext: Buffer.from([1, 2, 3]),
  });
  const materialOf = async (objectId: string) =>
    (await setup.database.query('SELECT * FROM material WHERE object_id = $1', [objectId])).rows;
  const things = async (name: string) => (await rowsOf(setup.database, 'things')).filter((row) => row.includes(name));

  it('stores events, read model, material and audit record together', async () => {
    const [name, objectId, recordId] = [newId(), newId(), newId()];
    const row = material(objectId);
    const audit = { recordId, body: { vaultId: 'vault-1', text: 'line\nfeed' } };
    await store.append(anAppend({ streams: made(name), material: { insert: [row] }, audit }));
    expect(await things(name)).toHaveLength(1);
    expect(await materialOf(objectId)).toEqual([
      expect.objectContaining({
        material_id: row.materialId,
        term: 3,
        wrapped_dek: row.wrappedDek,
        ciphertext: row.ciphertext,
      }),
    ]);
    const inbox = await setup.database.query('SELECT key, body FROM audit_inbox WHERE record_id = $1', [recordId]);
    expect(inbox.rows).toEqual([{ key: 'vault-1', body: JSON.stringify(audit.body) }]);
  });

  it('deletes the material of a purged object, and nothing else', async () => {
    const [purged, other] = [newId(), newId()];
    await store.append(anAppend({ material: { insert: [material(purged), material(other)] } }));
    await store.append(anAppend({ material: { deleteObjects: [purged] } }));
    expect(await materialOf(purged)).toEqual([]);
    expect(await materialOf(other)).toHaveLength(1);
  });

  it('refuses the second of two that take one name, and keeps nothing of it', async () => {
    const [name, objectId, recordId, streamId] = [newId(), newId(), newId(), newId()];
    await store.append(anAppend({ streams: made(name) }));
    const audit = { recordId, body: {} };
    const second = anAppend({ streams: made(name, streamId), material: { insert: [material(objectId)] }, audit });
    await expect(store.append(second)).rejects.toThrow(ConcurrencyConflict);
    expect(await store.load(streamId)).toEqual([]);
    expect(await materialOf(objectId)).toEqual([]);
    expect((await setup.database.query('SELECT FROM audit_inbox WHERE record_id = $1', [recordId])).rowCount).toBe(0);
  });

  it('answers a repeated command, sent many times at once, although its own name is taken by then', async () => {
    const [name, objectId] = [newId(), newId()];
    const request = anAppend({ vaultId: newId(), streams: made(name), material: { insert: [material(objectId)] } });
    const results = await Promise.all(Array.from({ length: 16 }, () => store.append(request)));
    expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(await store.append(request)).toMatchObject({ duplicate: true, events: results[0]?.events });
    expect(await things(name)).toHaveLength(1);
    expect(await store.readVault(request.vaultId, 1, 10)).toHaveLength(1);
  });

  it('fails no append for the sake of another that shares its transaction', async () => {
    const taken = newId();
    await store.append(anAppend({ streams: made(taken) }));
    const vaultId = newId();
    const names = [newId(), taken, newId(), taken, newId()];
    const outcomes = await Promise.allSettled(
      names.map((name) => store.append(anAppend({ vaultId, streams: made(name) }))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect((await store.readVault(vaultId, 1, 10)).map((event) => event.vaultSeq)).toEqual([1, 2, 3]);
  });

  it('loses nothing to a projection that fails', async () => {
    const failing = { ...thingProjection, apply: () => Promise.reject(new Error('a fault in the projection')) };
    const faulty = createEventStore({ database: setup.database, projections: [failing] });
    const streamId = newId();
    await expect(faulty.append(anAppend({ streams: made(newId(), streamId) }))).rejects.toThrow(
      'a fault in the projection',
    );
    expect(await store.load(streamId)).toEqual([]);
  });

  it('goes on in other vaults while a foreign transaction holds one, and then in that one', async () => {
    const [held, other] = [newId(), newId()];
    await store.append(anAppend({ vaultId: held }));
    const foreign = new pg.Client(setup.connection);
    await foreign.connect();
    await foreign.query('BEGIN');
    await foreign.query('UPDATE vault_head SET seq = seq WHERE vault_id = $1', [held]);
    const waiting = Array.from({ length: 5 }, () => store.append(anAppend({ vaultId: held })));
    await setup.database.query('SELECT 1');
    const others = await Promise.all(
      Array.from({ length: 20 }, () => store.append(anAppend({ vaultId: other, streams: made(newId()) }))),
    );
    expect(others.map(({ events }) => events[0]?.vaultSeq).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    await foreign.query('COMMIT');
    await foreign.end();
    await Promise.all(waiting);
    expect((await store.readVault(held, 1, 10)).map((event) => event.vaultSeq)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
