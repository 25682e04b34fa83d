import { constants, createPublicKey, generateKeyPairSync, publicDecrypt, type KeyObject } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { CryptoPool, type PoolOptions } from './crypto-pool.js';
import type { PooledKey } from './protocol.js';

const pools: CryptoPool[] = [];
let lastId = 0;

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function poolOf(options: PoolOptions): CryptoPool {
  const pool = new CryptoPool(options);
  pools.push(pool);
  return pool;
}

function pooled(privateKey: KeyObject): PooledKey {
  lastId += 1;
  return { id: lastId, privateKey, released: false };
}

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const small = rsa(2048);

/** The raw private operation on a block with one byte that tells it from others. */
function signing(pool: CryptoPool, key: PooledKey, mark = 1): Promise<unknown> {
  const block = Buffer.alloc((key.privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  block[9] = mark;
  return pool.run({ op: 'sign', keyId: key.id, block }, key);
}

function markOf(key: PooledKey, signature: unknown): number | undefined {
  const raw = { key: createPublicKey(key.privateKey), padding: constants.RSA_NO_PADDING };
  return publicDecrypt(raw, signature as Uint8Array)[9];
}

const linux = process.platform === 'linux' ? describe : describe.skip;
linux('a pool in the background (Linux: threads have priorities)', () => {
  const priorities = () =>
    readdirSync('/proc/self/task').flatMap((thread) => {
      try {
        return [getPriority(Number(thread))];
      } catch {
        return []; // it ended
      }
    });
  const low = () => priorities().filter((priority) => priority >= 10 && priority > getPriority()).length;
  const prime = { op: 'isPrime', candidate: Uint8Array.of(7) } as const;

  it('has threads that step back behind all others, and leaves these as they are', async () => {
    const [usual, background] = [poolOf({ threads: 1 }), poolOf({ threads: 2, background: true })];
    const before = low();
    await usual.run(prime);
    expect(low()).toBe(before);

    await Promise.all(Array.from({ length: 20 }, () => background.run(prime)));

    expect(low()).toBe(before + background.threads.length);
  });
});

describe('the pool', () => {
  it('starts no thread before there is work, and no more than it may', async () => {
    const pool = poolOf({ threads: 2 });
    const key = pooled(small);
    expect(pool.threads).toHaveLength(0);

    await signing(pool, key);
    expect(pool.threads).toHaveLength(1);

    await Promise.all(Array.from({ length: 50 }, () => signing(pool, key)));
    expect(pool.threads).toHaveLength(2);
  });

  it('gives every caller the answer to its own request', async () => {
    const pool = poolOf({ threads: 2 });
    const keys = [pooled(small), pooled(rsa(2048)), pooled(rsa(3072))];
    const requests = Array.from({ length: 120 }, (_, i) => ({ mark: i + 1, key: keys[i % 3] ?? pooled(small) }));

    const signatures = await Promise.all(requests.map(({ key, mark }) => signing(pool, key, mark)));

    expect(signatures.map((signature, i) => markOf(requests[i]?.key ?? pooled(small), signature))).toEqual(
      requests.map(({ mark }) => mark),
    );
  });

  it('leaves the event loop free: far more turns than signatures while it signs', async () => {
    const pool = poolOf({ threads: 2 });
    const key = pooled(rsa(4096));
    let turns = 0;
    let signed = 0;
    const count = () => {
      turns += 1;
      if (signed < 60) setImmediate(count);
    };
    setImmediate(count);

    await Promise.all(Array.from({ length: 60 }, () => signing(pool, key).then(() => (signed += 1))));

    expect(turns).toBeGreaterThan(60 * 20);
  });

  it('refuses what exceeds its bound, and serves again when the rest is done', async () => {
    const pool = poolOf({ threads: 1, maxPending: 10 });
    const key = pooled(small);

    const outcomes = await Promise.allSettled(Array.from({ length: 25 }, () => signing(pool, key)));

    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(15);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code: 'Throttled', details: { retryAfterSeconds: 1 } });
    }
    await expect(signing(pool, key)).resolves.toHaveLength(256);
  });

  it('rejects the requests of a thread that dies, and a new thread takes those that waited', async () => {
    const pool = poolOf({ threads: 1 });
    const key = pooled(small);
    await signing(pool, key);
    const [first] = pool.threads;

    const running = Array.from({ length: 30 }, () => signing(pool, key));
    setImmediate(() => void first?.terminate());
    const outcomes = await Promise.allSettled(running);

    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(30);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'ServiceUnavailable' });
    expect(pool.threads).not.toContain(first);
    await expect(signing(pool, key)).resolves.toHaveLength(256);
  });

  it('rejects the requests of a thread that ends by an exception, and starts another for later ones', async () => {
    const pool = new CryptoPool({ threads: 1 }, new URL('data:text/javascript,throw new Error("broken")'));
    pools.push(pool);
    const key = pooled(small);

    for (let i = 0; i < 3; i += 1) {
      await expect(signing(pool, key)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    }
    const lost = await Promise.allSettled(Array.from({ length: 20 }, () => signing(pool, key)));
    expect(lost.every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('answers a failed operation without a reason, and goes on', async () => {
    const pool = poolOf({ threads: 1 });
    const key = pooled(small);
    const tooShort = new Uint8Array(3);

    expect(await pool.run({ op: 'sign', keyId: key.id, block: tooShort }, key)).toBeUndefined();
    expect(await pool.run({ op: 'sign', keyId: 999_999_999, block: new Uint8Array(256) })).toBeUndefined();
    await expect(signing(pool, key)).resolves.toHaveLength(256);
  });

  it('serves more keys than a thread may hold', async () => {
    const pool = poolOf({ threads: 1, maxKeysPerThread: 2 });
    const keys = [small, small, small, small].map(pooled);
    const rounds = [0, 1, 2, 3, 0, 0, 3, 2, 1, 0].map((i) => keys[i] ?? pooled(small));

    for (const key of rounds) await expect(signing(pool, key)).resolves.toHaveLength(256);
    const together = await Promise.all(rounds.map((key) => signing(pool, key)));

    expect(together.every((signature) => signature instanceof Uint8Array)).toBe(true);
  });

  it('makes its threads forget a released key', async () => {
    const pool = poolOf({ threads: 1 });
    const key = pooled(small);
    await signing(pool, key);

    pool.release(key);
    const unprovided = pool.run({ op: 'sign', keyId: key.id, block: new Uint8Array(256) });

    expect(await unprovided).toBeUndefined();
  });

  it('finishes a request for a key that was released while it waited, and keeps nothing', async () => {
    const pool = poolOf({ threads: 1 });
    const key = pooled(small);
    const waiting = signing(pool, key);

    pool.release(key);

    await expect(waiting).resolves.toHaveLength(256);
    expect(await pool.run({ op: 'sign', keyId: key.id, block: new Uint8Array(256) })).toBeUndefined();
  });

  it('rejects what waits when it is closed, and everything later', async () => {
    const pool = poolOf({ threads: 1 });
    const key = pooled(small);
    const waiting = Promise.allSettled(Array.from({ length: 40 }, () => signing(pool, key)));

    await pool.close();

    for (const outcome of await waiting) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ServiceUnavailable' } });
    }
    await expect(signing(pool, key)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    expect(pool.threads).toHaveLength(0);
  });
});
