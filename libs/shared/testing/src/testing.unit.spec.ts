import type { Decider, DomainEvent, Feed, FeedMessage } from '@coffer/event-sourcing';
import { CofferError } from '@coffer/kernel';
import { faultyFeed, scenario, seededRandom } from './index.js';

type Counted = DomainEvent<'Counted', { by: number }>;
const counter: Decider<number, number, Counted> = {
  initialState: 0,
  decide: (by, count) => {
    if (count + by > 3) throw new CofferError('BadParameter', 'Too much.');
    return by === 0 ? [] : [{ type: 'Counted', data: { by } }];
  },
  evolve: (count, event) => count + event.data.by,
};
const counted = (by: number): Counted => ({ type: 'Counted', data: { by } });

describe('a scenario', () => {
  const { given } = scenario(counter);

  it('passes for exactly the events, or the refusal, that were decided', () => {
    given(counted(1)).when(2).then(counted(2));
    given().when(0).then();
    given(counted(3)).when(1).thenRefused('BadParameter', 'Too much.');
  });

  it('fails for anything else', () => {
    const wrong = [
      () => {
        given().when(1).then(counted(2));
      },
      () => {
        given().when(0).then(counted(1));
      },
      () => {
        given().when(1).thenRefused('BadParameter');
      },
      () => {
        given(counted(3)).when(1).thenRefused('Conflict');
      },
      () => {
        given(counted(3)).when(1).thenRefused('BadParameter', 'Too little.');
      },
    ];
    for (const expectation of wrong) expect(expectation).toThrow();
  });
});

describe('a faulty feed', () => {
  const messages = Array.from({ length: 200 }, (_, i): FeedMessage => {
    const [key, seq] = [`key${i % 4}`, Math.floor(i / 4) + 1];
    return { topic: 'topic', key, id: `${key}-${seq}`, type: 'ThingDone', seq, time: '', body: {} };
  });
  const run = async (faults: Omit<Parameters<typeof faultyFeed>[1], 'random'>, seed = 7) => {
    const delivered: FeedMessage[] = [];
    const inner: Feed = {
      publish: (published) => Promise.resolve(void delivered.push(...published)),
      subscribe: () => Promise.reject(new Error('not needed')),
    };
    const feed = faultyFeed(inner, { random: seededRandom(seed), ...faults });
    for (let i = 0; i < messages.length; i += 20) await feed.publish(messages.slice(i, i + 20));
    await feed.flush();
    return delivered;
  };
  const ids = (list: readonly FeedMessage[], key?: string) =>
    list.filter((message) => key === undefined || message.key === key).map(({ id }) => id);

  it('does the same again for the same seed, and something else for another', async () => {
    const faults = { duplicate: 0.3, delay: 0.3, lose: 0.1, mixKeys: true };
    const once = ids(await run(faults));
    expect(ids(await run(faults))).toEqual(once);
    expect(ids(await run(faults, 8))).not.toEqual(once);
  });

  it('mixes keys, and keeps the order within each', async () => {
    const delivered = await run({ mixKeys: true });
    expect(ids(delivered)).not.toEqual(ids(messages));
    for (let k = 0; k < 4; k += 1) expect(ids(delivered, `key${k}`)).toEqual(ids(messages, `key${k}`));
  });

  it('repeats, delays and loses as it is told', async () => {
    const repeated = ids(await run({ duplicate: 0.3 }));
    expect(repeated.length).toBeGreaterThan(messages.length);
    expect(new Set(repeated)).toEqual(new Set(ids(messages)));
    const late = ids(await run({ delay: 0.3 }));
    expect(late).not.toEqual(ids(messages));
    expect([...late].sort()).toEqual(ids(messages).sort());
    expect((await run({ lose: 0.3 })).length).toBeLessThan(messages.length);
  });
});
