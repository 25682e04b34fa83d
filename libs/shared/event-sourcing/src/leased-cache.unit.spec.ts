import { cacheLookups } from './cache-lookups.js';
import { LeasedCache } from './leased-cache.js';

interface Reference {
  readonly vault: string;
  readonly name: string;
}

interface Value {
  readonly stream: string;
  readonly enabled: boolean;
}

interface PendingLoad {
  readonly reference: Reference;
  succeed(value: Value | undefined): Promise<void>;
  fail(): Promise<void>;
}

/** A cache whose loads end when the test says so. */
function setUp(capacity?: number): {
  cache: LeasedCache<Reference, Value>;
  loads: PendingLoad[];
  released: Value[];
  lease: { isLive: boolean };
} {
  const loads: PendingLoad[] = [];
  const released: Value[] = [];
  const lease = { isLive: true };
  const cache = new LeasedCache<Reference, Value>({
    load: (reference) =>
      new Promise((resolve, reject) => {
        loads.push({
          reference,
          succeed: (value) => {
            resolve(value);
            return settled();
          },
          fail: () => {
            reject(new Error('database away'));
            return settled();
          },
        });
      }),
    keyOf: ({ vault, name }) => `${vault}/${name}`,
    vaultOf: ({ vault }) => vault,
    streamsOf: ({ stream }) => [stream],
    release: (value) => released.push(value),
    lease: { live: () => lease.isLive },
    ...(capacity === undefined ? {} : { capacity }),
  });
  return { cache, loads, released, lease };
}

/** Lets everything that waits on promises already settled continue. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const value = (stream: string, enabled = true): Value => ({ stream, enabled });
const reference = (name: string, vault = 'vault'): Reference => ({ vault, name });
const same = (value: Value): Promise<Value> => Promise.resolve(value);

/** Gives the load its turn, then the `n`th load its outcome. */
async function answer(loads: PendingLoad[], n: number, value: Value | undefined): Promise<void> {
  await settled();
  await loads[n]?.succeed(value);
}

describe('LeasedCache', () => {
  it('loads a value once and serves it from memory afterwards', async () => {
    const { cache, loads } = setUp();
    const first = cache.use(reference('a'), same);
    await answer(loads, 0, value('stream-1'));
    const loaded = await first;
    expect(await cache.use(reference('a'), same)).toBe(loaded);
    expect(loads).toHaveLength(1);
  });

  it('joins concurrent misses of one value into one load', async () => {
    const { cache, loads } = setUp();
    const uses = [1, 2, 3].map(() => cache.use(reference('a'), same));
    await answer(loads, 0, value('stream-1'));
    const [one, two, three] = await Promise.all(uses);
    expect(loads).toHaveLength(1);
    expect(one).toBe(two);
    expect(two).toBe(three);
  });

  it('loads again after its stream was written', async () => {
    const { cache, loads, released } = setUp();
    const before = value('stream-1');
    void cache.use(reference('a'), same);
    await answer(loads, 0, before);
    cache.invalidate('vault', ['stream-1']);
    expect(released).toEqual([before]);
    const second = cache.use(reference('a'), same);
    await answer(loads, 1, value('stream-1', false));
    expect(await second).toMatchObject({ enabled: false });
  });

  it('uses but does not keep a load that a write of its stream overlapped', async () => {
    const { cache, loads, released } = setUp();
    const stale = value('stream-1');
    const first = cache.use(reference('a'), same);
    await settled();
    cache.invalidate('vault', ['stream-1']);
    await answer(loads, 0, stale);
    expect(await first).toMatchObject({ stream: 'stream-1' });
    expect(released).toEqual([stale]);
    void cache.use(reference('a'), same);
    await settled();
    expect(loads).toHaveLength(2);
  });

  it('lets nobody who comes after a write join a load from before it', async () => {
    const { cache, loads } = setUp();
    const before = cache.use(reference('a'), same);
    await settled();
    cache.invalidate('vault', ['stream-1']);
    const after = cache.use(reference('a'), same);
    await answer(loads, 1, value('stream-1', false));
    await answer(loads, 0, value('stream-1', true));
    expect(await before).toMatchObject({ enabled: true });
    expect(await after).toMatchObject({ enabled: false });
    expect(await cache.use(reference('a'), same)).toMatchObject({ enabled: false });
    expect(loads).toHaveLength(2);
  });

  it('keeps a load that a write of another stream overlapped', async () => {
    const { cache, loads } = setUp();
    void cache.use(reference('a'), same);
    await settled();
    cache.invalidate('vault', ['stream-2']);
    await answer(loads, 0, value('stream-1'));
    await cache.use(reference('a'), same);
    expect(loads).toHaveLength(1);
  });

  it('releases a value only when the last one who uses it has ended', async () => {
    const { cache, loads, released } = setUp();
    let finish: () => void = () => undefined;
    const running = cache.use(reference('a'), () => new Promise<void>((resolve) => (finish = resolve)));
    await answer(loads, 0, value('stream-1'));
    cache.invalidate('vault', ['stream-1']);
    await settled();
    expect(released).toHaveLength(0);
    finish();
    await running;
    expect(released).toHaveLength(1);
  });

  it('releases a value when its user throws', async () => {
    const { cache, loads, released } = setUp();
    const failing = cache.use(reference('a'), () => Promise.reject(new Error('no')));
    const outcome = expect(failing).rejects.toThrow('no');
    await answer(loads, 0, value('stream-1'));
    await outcome;
    cache.invalidate('vault', ['stream-1']);
    expect(released).toHaveLength(1);
  });

  it('releases what falls out when it is full', async () => {
    const { cache, loads, released } = setUp(2);
    for (const [n, name] of ['a', 'b', 'c'].entries()) {
      void cache.use(reference(name), same);
      await answer(loads, n, value(`stream-${name}`));
    }
    expect(released).toEqual([value('stream-a')]);
  });

  it('remembers neither absence nor a failed load', async () => {
    const { cache, loads } = setUp();
    const unknown = cache.use(reference('a'), same);
    await answer(loads, 0, undefined);
    expect(await unknown).toBeUndefined();
    const failed = cache.use(reference('a'), same);
    const outcome = expect(failed).rejects.toThrow('database away');
    await settled();
    await loads[1]?.fail();
    await outcome;
    const third = cache.use(reference('a'), same);
    await answer(loads, 2, value('stream-1'));
    expect(await third).toBeDefined();
  });

  it('reads through, for every request by itself, while there is no live lease', async () => {
    const { cache, loads, released, lease } = setUp();
    void cache.use(reference('a'), same);
    await answer(loads, 0, value('stream-1'));
    lease.isLive = false;
    const one = cache.use(reference('a'), same);
    const two = cache.use(reference('a'), same);
    await answer(loads, 1, value('stream-1'));
    await answer(loads, 2, value('stream-1'));
    await Promise.all([one, two]);
    expect(loads).toHaveLength(3);
    expect(released).toHaveLength(3);
    lease.isLive = true;
    void cache.use(reference('a'), same);
    await settled();
    expect(loads).toHaveLength(4);
  });

  it('does not keep a load during which the lease ended', async () => {
    const { cache, loads, lease } = setUp();
    void cache.use(reference('a'), same);
    await settled();
    lease.isLive = false;
    await answer(loads, 0, value('stream-1'));
    lease.isLive = true;
    void cache.use(reference('a'), same);
    await settled();
    expect(loads).toHaveLength(2);
  });

  it('drops every entry that depends on a written stream and no other', async () => {
    const { cache, loads } = setUp();
    void cache.use(reference('a'), same);
    await answer(loads, 0, value('stream-1'));
    void cache.use(reference('b'), same);
    await answer(loads, 1, value('stream-1'));
    void cache.use(reference('c'), same);
    await answer(loads, 2, value('stream-2'));
    cache.invalidate('vault', ['stream-1']);
    expect(['a', 'b', 'c'].map((name) => cache.peek(reference(name))?.stream)).toEqual([
      undefined,
      undefined,
      'stream-2',
    ]);
  });

  it('shows at once what is in memory, and nothing without a live lease', async () => {
    const { cache, loads, lease } = setUp();
    expect(cache.peek(reference('a'))).toBeUndefined();
    const got = cache.get(reference('a'));
    await answer(loads, 0, value('stream-1'));
    expect(cache.peek(reference('a'))).toBe(await got);
    expect(await cache.get(reference('a'))).toBe(await got);
    lease.isLive = false;
    expect(cache.peek(reference('a'))).toBeUndefined();
    expect(loads).toHaveLength(1);
  });

  it('forgets everything when cleared, also what is being loaded', async () => {
    const { cache, loads } = setUp();
    void cache.get(reference('a'));
    await answer(loads, 0, value('stream-1'));
    const running = cache.get(reference('b'));
    await settled();
    cache.clear();
    await answer(loads, 1, value('stream-2'));
    expect(await running).toBeDefined();
    expect(cache.peek(reference('a'))).toBeUndefined();
    expect(cache.peek(reference('b'))).toBeUndefined();
  });

  it('bounds the bytes that it holds, and keeps nothing that is larger than all of it', async () => {
    const released: number[] = [];
    const cache = new LeasedCache<number, { readonly size: number }>({
      load: (size) => Promise.resolve({ size }),
      keyOf: String,
      vaultOf: () => 'vault',
      streamsOf: ({ size }) => [`stream-${size}`],
      release: ({ size }) => released.push(size),
      lease: { live: () => true },
      bytes: { max: 100, of: ({ size }) => size },
    });
    const use = (size: number) => cache.use(size, (value) => Promise.resolve(value.size));
    for (const size of [60, 30, 50]) await use(size);
    expect(released).toEqual([60]);
    expect(await use(101)).toBe(101);
    expect(released).toEqual([60, 101]);
    expect(cache.peek(101)).toBeUndefined();
    expect(cache.peek(50)).toEqual({ size: 50 });
  });
});

describe('the counts of lookups', () => {
  it("tell what came from memory, from another's load, from a load of its own, and what no lease allowed", async () => {
    const lease = { isLive: true };
    const load = (name: string) => Promise.resolve({ stream: name });
    const options = {
      load,
      keyOf: (name: string) => name,
      vaultOf: () => 'vault',
      streamsOf: ({ stream }: { readonly stream: string }) => [stream],
      lease: { live: () => lease.isLive },
    };
    class CountedCache extends LeasedCache<string, { readonly stream: string }> {}
    const cache = new CountedCache(options);
    const counts = () => ({ ...cacheLookups().get('CountedCache') });
    expect(counts()).toEqual({ hit: 0, joined: 0, miss: 0, unleased: 0 });
    await Promise.all([cache.get('a'), cache.get('a')]);
    expect(counts()).toEqual({ hit: 0, joined: 1, miss: 1, unleased: 0 });
    await cache.use('a', () => Promise.resolve());
    await cache.get('b');
    cache.invalidate('vault', ['a']);
    await cache.get('a');
    lease.isLive = false;
    await cache.get('a');
    expect(counts()).toEqual({ hit: 1, joined: 1, miss: 3, unleased: 1 });
    // Caches of one name count together.
    await new LeasedCache({ ...options, name: 'CountedCache' }).get('a');
    expect(counts()).toEqual({ hit: 1, joined: 1, miss: 3, unleased: 2 });
  });
});
