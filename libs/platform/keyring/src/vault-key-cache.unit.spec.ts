import type { VaultKey } from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import { VaultKeyCache } from './vault-key-cache.js';

const aKek = (term = 1): VaultKey => ({ term, key: SecretBytes.own(Buffer.alloc(32, term)) });

function setup(maxKeys = 100) {
  let now = 0;
  let loads = 0;
  const clock = { now: () => 0, monotonic: () => now };
  const cache = new VaultKeyCache({ clock, maxKeys, maxAge: 1000 });
  const load = () => {
    loads += 1;
    return Promise.resolve(aKek(loads));
  };
  return { cache, load, loads: () => loads, advance: (ms: number) => (now += ms) };
}

function deferred() {
  let resolve: (key: VaultKey) => void = () => undefined;
  const promise = new Promise<VaultKey>((r) => (resolve = r));
  return { promise, resolve };
}

describe('the cache of KEKs', () => {
  it('loads a KEK once for as long as its age allows', async () => {
    const { cache, load, loads, advance } = setup();

    const first = await cache.get('v', 'keys', load);
    advance(999);
    expect(await cache.get('v', 'keys', load)).toBe(first);
    advance(1);
    expect((await cache.get('v', 'keys', load)).term).toBe(2);
    expect(loads()).toBe(2);
  });

  it('tells vaults and names apart', async () => {
    const { cache, load, loads } = setup();

    for (const [vaultId, name] of [
      ['v', 'keys'],
      ['v', 'keys\x001'],
      ['v1', 'keys'],
      ['v', 'secrets'],
    ] as const) {
      await cache.get(vaultId, name, load);
    }
    expect(loads()).toBe(4);
  });

  it('shares one load among those who wait for it', async () => {
    const { cache, load, loads } = setup();

    const found = await Promise.all(Array.from({ length: 50 }, () => cache.get('v', 'keys', load)));

    expect(loads()).toBe(1);
    expect(new Set(found).size).toBe(1);
  });

  it('forgets a failed load', async () => {
    const { cache, load } = setup();
    const failing = () => Promise.reject(new CofferError('ServiceUnavailable', 'away'));

    await expect(cache.get('v', 'keys', failing)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    expect((await cache.get('v', 'keys', load)).term).toBe(1);
  });

  it('neither keeps nor shares a load that an invalidation overlapped', async () => {
    const { cache, load } = setup();
    const slow = deferred();
    const before = cache.get('v', 'keys', () => slow.promise);

    cache.invalidate('v');
    const after = await cache.get('v', 'keys', load);
    slow.resolve(aKek(77));

    expect(after.term).toBe(1);
    expect((await before).term).toBe(77);
    expect(await cache.get('v', 'keys', load)).toBe(after);
  });

  it('wipes what it drops: too many, replaced, invalidated, closed', async () => {
    const { cache, load, advance } = setup(2);
    const first = await cache.get('v1', 'keys', load);
    const second = await cache.get('v2', 'keys', load);
    const third = await cache.get('v3', 'keys', load);
    expect(() => first.key.expose()).toThrow();

    cache.invalidate('v2');
    expect(() => second.key.expose()).toThrow();
    expect(third.key.expose()).toHaveLength(32);

    advance(1000);
    const replaced = await cache.get('v3', 'keys', load);
    expect(() => third.key.expose()).toThrow();

    cache.clear();
    expect(() => replaced.key.expose()).toThrow();
  });

  it('does not wipe the KEKs of a vault whose id begins alike', async () => {
    const { cache, load } = setup();
    const longer = await cache.get('v10', 'keys', load);

    cache.invalidate('v1');

    expect(await cache.get('v10', 'keys', load)).toBe(longer);
  });
});
