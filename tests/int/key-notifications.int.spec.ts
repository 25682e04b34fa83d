import { topics } from '@coffer/contracts';
import type { FeedMessage } from '@coffer/event-sourcing';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { testVault } from '../support/context.js';
import { notifyOfKeys } from '@coffer/keys-feature';
import { schemaFaults } from '../support/message-schema.js';

const vault = testVault({ name: 'Vault' });
const version = 'fedcba9876543210fedcba9876543210';

function message(type: string, data: object, vaultId = vault.vaultId): FeedMessage {
  const time = '2026-01-02T03:04:05.000Z';
  const body = { eventId: `id-${type}`, type, vaultId, recordedAt: time, data: { name: 'Key', version, ...data } };
  return { topic: topics.keys, key: vaultId, id: body.eventId, type, seq: 1, time, body };
}

it('tells of new versions and of ends, and of nothing else', async () => {
  const feed = createMemoryFeed();
  const told: FeedMessage[] = [];
  await feed.subscribe({ topics: [topics.notifications], group: 'test' }, (messages) => {
    told.push(...messages);
    return Promise.resolve();
  });
  await notifyOfKeys({
    feed,
    vaults: { byId: (id) => Promise.resolve(id === vault.vaultId ? vault : undefined) },
    vaultUrl: (name) => `https://${name}.vault.localhost`,
  });
  await feed.publish([
    message('KeyVersionCreated', { nbf: 1, exp: 2 }),
    message('KeyVersionUpdated', { exp: 3 }),
    message('KeyExpiryNotified', { notice: 'NearExpiry', nbf: 1, exp: 2 }),
    message('KeyExpiryNotified', { notice: 'Expired', exp: 2 }),
    message('KeyVersionCreated', {}, 'of a vault that is gone'),
  ]);
  expect(told.map(({ type, id }) => [type, id])).toEqual([
    ['Microsoft.KeyVault.KeyNewVersionCreated', 'id-KeyVersionCreated'],
    ['Microsoft.KeyVault.KeyNearExpiry', 'id-KeyExpiryNotified'],
    ['Microsoft.KeyVault.KeyExpired', 'id-KeyExpiryNotified'],
  ]);
  expect(told.flatMap(({ body }) => schemaFaults('key-notification', body))).toEqual([]);
  expect(told.map(({ body }) => (body as { data: Record<string, unknown> }).data)).toMatchObject([
    { NBF: 1, EXP: 2 },
    { NBF: 1, EXP: 2 },
    { NBF: null, EXP: 2 },
  ]);
  expect(told[0]?.body).toEqual({
    id: 'id-KeyVersionCreated',
    topic: vault.resourceId,
    subject: 'Key',
    eventType: 'Microsoft.KeyVault.KeyNewVersionCreated',
    eventTime: '2026-01-02T03:04:05.000Z',
    data: {
      Id: `https://Vault.vault.localhost/keys/Key/${version}`,
      VaultName: 'Vault',
      ObjectType: 'Key',
      ObjectName: 'Key',
      Version: version,
      NBF: 1,
      EXP: 2,
    },
    dataVersion: '1',
    metadataVersion: '1',
  });
});
