import type { KeyHandle } from '@coffer/contracts';
import { KeyCache } from './key-cache.js';
import type { KeyReference, UsableKey } from './usable-key.js';

const key = (nameKey: string, version?: string, vaultId = 'vault'): KeyReference => ({ vaultId, nameKey, version });
const same = (usable: UsableKey): Promise<UsableKey> => Promise.resolve(usable);

/** A cache over keys that all exist; the stream of a key is its vault and name. */
function setUp(): { cache: KeyCache; loaded: KeyReference[]; released: KeyHandle[] } {
  const loaded: KeyReference[] = [];
  const released: KeyHandle[] = [];
  const cache = new KeyCache({
    load: (reference) => {
      loaded.push(reference);
      return Promise.resolve({
        streamId: `key-${reference.nameKey}`,
        name: reference.nameKey,
        version: reference.version ?? 'latest',
        enabled: true,
        keyOps: ['sign'],
        handle: { public: { kty: 'RSA', n: reference.nameKey, e: 'AQAB' } },
      });
    },
    release: (handle) => released.push(handle),
    lease: { live: () => true },
  });
  return { cache, loaded, released };
}

describe('KeyCache', () => {
  it('keeps names, versions and vaults apart', async () => {
    const { cache, loaded } = setUp();
    const references = [key('a'), key('b'), key('a', 'v1'), key('a', undefined, 'other')];
    for (const reference of [...references, ...references]) await cache.use(reference, same);
    expect(loaded).toEqual(references);
  });

  it('drops every version of a written key and no other key', async () => {
    const { cache, loaded, released } = setUp();
    const references = [key('a'), key('a', 'v1'), key('b')];
    for (const reference of references) await cache.use(reference, same);
    cache.invalidate('vault', ['key-a']);
    expect(released).toHaveLength(2);
    for (const reference of references) await cache.use(reference, same);
    expect(loaded).toEqual([...references, key('a'), key('a', 'v1')]);
  });
});
