import type { VaultDirectory, VaultKeySource } from '@coffer/contracts';
import type { OwnerLog, RecordedEvent } from '@coffer/event-sourcing';
import {
  ownerLogBinding,
  remoteOwnerLog,
  remoteSigningKeys,
  remoteVaultDirectory,
  remoteVaultKeys,
  signingKeysBinding,
  vaultDirectoryBinding,
  vaultKeysBinding,
  type GrpcBinding,
  type Peer,
  type PublishedKeys,
} from '@coffer/grpc';
import { CofferError, SecretBytes } from '@coffer/kernel';
import type { VaultSnapshot } from '@coffer/wire';
import { directoryOwner, GrpcSetup } from './grpc-setup.js';

let setup: GrpcSetup;
beforeEach(async () => {
  setup = await GrpcSetup.make();
});
afterEach(() => setup.close());

/** The owner of a port serves it; a peer that calls it. */
async function over(owner: string, caller: string, binding: GrpcBinding): Promise<Peer> {
  const { port } = await setup.serve({ certificates: setup.certificatesOf(owner), bindings: [binding] });
  return setup.peer([port], { service: owner, caller });
}

/** The same expectations of a port in this process and in another one. */
function bothWays<Port>(remote: (port: Port) => Promise<Port>) {
  return describe.each<[string, (port: Port) => Promise<Port>]>([
    ['in the same process', (port) => Promise.resolve(port)],
    ['over gRPC', remote],
  ]);
}
const away = () => Promise.reject(new CofferError('ServiceUnavailable', 'Away.', { retryAfterSeconds: 2 }));

bothWays<VaultKeySource>(async (secrets) => {
  const others: VaultKeySource = { current: away, byTerm: away };
  return remoteVaultKeys(
    await over('crypto-gateway', 'vault-management', vaultKeysBinding({ secrets, identity: others })),
    'secrets',
  );
})('the keys of vaults %s', (_, connect) => {
  it('are those of the source, by vault and term', async () => {
    const bytes = (vaultId: string, term: number) => Buffer.alloc(32, vaultId.length + term);
    const keys = await connect({
      current: (vaultId) => Promise.resolve({ term: 2, key: SecretBytes.own(bytes(vaultId, 2)) }),
      byTerm: (vaultId, term) => Promise.resolve({ term, key: SecretBytes.own(bytes(vaultId, term)) }),
    });
    const current = await keys.current('vault');
    expect([current.term, current.key.expose()]).toEqual([2, bytes('vault', 2)]);
    const first = await keys.byTerm('another', 1);
    expect([first.term, first.key.expose()]).toEqual([1, bytes('another', 1)]);
    expect(JSON.stringify([current, first])).not.toContain('data');
  });

  it('cannot be had when the source cannot', async () => {
    const keys = await connect({ current: away, byTerm: () => Promise.reject(new CofferError('Internal', 'Gone.')) });
    const unavailable = { code: 'ServiceUnavailable', message: 'Away.', details: { retryAfterSeconds: 2 } };
    await expect(keys.current('v')).rejects.toMatchObject(unavailable);
    await expect(keys.byTerm('v', 1)).rejects.toMatchObject({ code: 'Internal' });
  });
});

const event = (vaultId: string, vaultSeq: number, text = ''): RecordedEvent => ({
  eventId: `${vaultId}-${vaultSeq}`,
  type: 'VaultCreated',
  schemaVersion: 1,
  vaultId,
  vaultSeq,
  epoch: 1,
  streamId: `vault-${vaultId}`,
  streamVersion: vaultSeq,
  recordedAt: '2026-01-02T03:04:05.678Z',
  data: { text, list: [1, null, 'ä'] },
  meta: { actor: { oid: 'o' }, correlationId: 'c', region: 'local' },
});

bothWays<OwnerLog>(async (log) =>
  remoteOwnerLog(await over('vault-management', 'crypto-gateway', ownerLogBinding(log, ['crypto-gateway']))),
)('the log of a service %s', (_, connect) => {
  it('has its events as they were recorded, from a number on, up to a limit', async () => {
    const asked: unknown[] = [];
    const log = await connect({
      heads: away,
      readVault: (...args) => {
        asked.push(args);
        return Promise.resolve([event('v', 3), event('v', 4)]);
      },
    });
    expect(await log.readVault('v', 3, 100)).toEqual([event('v', 3), event('v', 4)]);
    expect(asked).toEqual([['v', 3, 100]]);
  });

  it('can be read to its end, however large its events are', async () => {
    const all = Array.from({ length: 30 }, (_each, i) => event('v', i + 1, 'x'.repeat(400_000)));
    const log = await connect({
      heads: away,
      readVault: (_vaultId, from, limit) => Promise.resolve(all.slice(from - 1, from - 1 + limit)),
    });
    const seen: number[] = [];
    for (;;) {
      const page = await log.readVault('v', seen.length + 1, 500);
      if (page.length === 0) break;
      seen.push(...page.map(({ vaultSeq }) => vaultSeq));
    }
    expect(seen).toEqual(all.map(({ vaultSeq }) => vaultSeq));
  });

  it('knows every vault, however many there are', async () => {
    const heads = Array.from({ length: 25_000 }, (_each, i) => ({ vaultId: `vault-${(i * 7919) % 25_000}`, seq: i }));
    const log = await connect({ heads: () => Promise.resolve(heads), readVault: away });
    const byId = (a: { vaultId: string }, b: { vaultId: string }) => (a.vaultId < b.vaultId ? -1 : 1);
    expect([...(await log.heads())].sort(byId)).toEqual([...heads].sort(byId));
  });

  it('cannot be read when its owner cannot', async () => {
    const log = await connect({ heads: away, readVault: away });
    await expect(log.heads()).rejects.toMatchObject({ code: 'ServiceUnavailable', message: 'Away.' });
    await expect(log.readVault('v', 1, 1)).rejects.toMatchObject({ code: 'ServiceUnavailable', message: 'Away.' });
  });
});

const vault: VaultSnapshot = {
  vaultId: 'd9f8a6b0-0000-4000-8000-000000000001',
  name: 'Demo',
  resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/Demo',
  location: 'local',
  tenantId: 't',
  sku: 'premium',
  state: 'active',
  enableSoftDelete: true,
  softDeleteRetentionInDays: 90,
  enablePurgeProtection: false,
  enableRbacAuthorization: false,
  accessPolicies: [
    {
      tenantId: 't',
      objectId: 'o',
      applicationId: 'a',
      permissions: { keys: ['Get', 'sign'], secrets: ['all'], certificates: [], storage: [] },
    },
  ],
  revision: 7,
};

bothWays<VaultDirectory>(async (directory) => {
  const owner = { ...directoryOwner(() => Promise.resolve()), ...directory };
  return remoteVaultDirectory(
    await over('vault-management', 'crypto-gateway', vaultDirectoryBinding(owner, ['crypto-gateway'])),
  );
})('the directory of vaults %s', (_, connect) => {
  it('finds a vault by its name and by its id, and no other', async () => {
    const directory = await connect({
      byName: (name) => Promise.resolve(name.toLowerCase() === 'demo' ? vault : undefined),
      byId: (vaultId) => Promise.resolve(vaultId === vault.vaultId ? { ...vault, state: 'deleted' } : undefined),
    });
    expect(await directory.byName('DEMO')).toEqual(vault);
    expect(await directory.byId(vault.vaultId)).toEqual({ ...vault, state: 'deleted' });
    expect(await directory.byName('other')).toBeUndefined();
    expect(await directory.byName('x'.repeat(64))).toBeUndefined();
    expect(await directory.byId('other')).toBeUndefined();
  });

  it('does not say that there is none when it cannot know', async () => {
    const directory = await connect({ byName: away, byId: away });
    await expect(directory.byName('demo')).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await expect(directory.byId('v')).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });
});

interface Jwks {
  readonly keys: readonly { readonly kid: string; readonly kty: string }[];
}
const keySet = (kid: string): Jwks => ({ keys: [{ kid, kty: 'RSA' }] });

bothWays<PublishedKeys<Jwks>>(async (published) =>
  remoteSigningKeys<Jwks>(await over('identity', 'crypto-gateway', signingKeysBinding(published, ['crypto-gateway']))),
)('the keys of the issuer %s', (_, connect) => {
  it('are those of the issuer, and of now when a new look is asked for', async () => {
    let kid = 'first';
    const published = await connect(() => Promise.resolve(keySet(kid)));
    expect(await published({ refresh: false })).toEqual(keySet('first'));
    kid = 'second';
    expect(await published({ refresh: true })).toEqual(keySet('second'));
    expect(await published({ refresh: false })).toEqual(keySet('second'));
  });

  it('of now are not those that were on their way when a new look was asked for', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const published = await connect(async ({ refresh }) => {
      if (!refresh) await held;
      return keySet(refresh ? 'new' : 'old');
    });
    const early = published({ refresh: false });
    expect(await published({ refresh: true })).toEqual(keySet('new'));
    release();
    expect(await early).toEqual(keySet('old'));
  });

  it('cannot be had when the issuer is away', async () => {
    const published = await connect(away);
    await expect(published({ refresh: false })).rejects.toMatchObject({ code: 'ServiceUnavailable', message: 'Away.' });
  });
});

describe('kept keys of the issuer', () => {
  it('are asked for once, however many ask', async () => {
    let calls = 0;
    const binding = signingKeysBinding(() => {
      calls += 1;
      return Promise.resolve(keySet('k'));
    }, ['crypto-gateway']);
    const published = remoteSigningKeys<Jwks>(await over('identity', 'crypto-gateway', binding));
    const look = () => published({ refresh: false });
    expect(await Promise.all([look(), look(), look()])).toEqual([keySet('k'), keySet('k'), keySet('k')]);
    await look();
    expect(calls).toBe(1);
  });
});
