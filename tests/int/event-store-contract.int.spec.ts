import type { EventStore } from '@coffer/event-sourcing';
import { createEventStore } from '@coffer/event-store-postgres';
import { describeEventStore } from '@coffer/testing';
import { storeSetup } from './event-store-setup.js';

describeEventStore('PostgreSQL', async () => {
  const setup = await storeSetup();
  return { store: createEventStore({ database: setup.database, projections: [] }), close: setup.close };
});

describeEventStore('PostgreSQL, with writers in two processes,', async () => {
  const setup = await storeSetup();
  const one = createEventStore({ database: setup.database, projections: [] });
  const two = createEventStore({ database: setup.open(), projections: [] });
  let turn = 0;
  const store: EventStore = {
    settled: () => one.settled(),
    append: (request) => ((turn += 1) % 2 === 0 ? one : two).append(request),
    load: (streamId, afterVersion, limit) => two.load(streamId, afterVersion, limit),
    readVault: (vaultId, fromSeq, limit) => one.readVault(vaultId, fromSeq, limit),
    onAppend: (listener) => {
      one.onAppend(listener);
      two.onAppend(listener);
    },
  };
  return { store, close: setup.close };
});
