import type { FeedMessage } from '@coffer/event-sourcing';
import { newId } from '@coffer/kernel';
import { createMemoryFeed } from '@coffer/messaging-memory';
import { describeFeed, Inbox } from '@coffer/testing';

describeFeed('the memory feed', () =>
  Promise.resolve({
    feed: createMemoryFeed({ retryMs: 1 }),
    topic: 'topic',
    otherTopic: 'other',
    close: () => Promise.resolve(),
  }),
);

describe('the memory feed, having no storage,', () => {
  const message = (key: string, seq = 1): FeedMessage => ({
    topic: 'topic',
    key,
    id: `${key}-${seq}`,
    type: 'ThingDone',
    seq,
    time: '2026-03-01T12:00:00.000Z',
    body: {},
  });
  const subscription = { topics: ['topic'], group: 'spec' };

  it('resolves a publication when every subscriber has handled it', async () => {
    const feed = createMemoryFeed();
    const inbox = new Inbox();
    const open = Promise.withResolvers<undefined>();
    await feed.subscribe(subscription, async (messages) => {
      await open.promise;
      await inbox.take(messages);
    });
    const published = feed.publish([message('a')]).then(() => inbox.ids());
    open.resolve(undefined);
    expect(await published).toEqual(['a-1']);
  });

  it('goes on with other keys while one fails', async () => {
    const feed = createMemoryFeed({ retryMs: 1 });
    const inbox = new Inbox();
    let failing = true;
    await feed.subscribe(subscription, (messages) =>
      failing && messages[0]?.key === 'bad' ? Promise.reject(new Error('not now')) : inbox.take(messages),
    );
    const bad = feed.publish([message('bad')]);
    await Promise.all(Array.from({ length: 20 }, (_, i) => feed.publish([message(`good${i}`)])));
    expect(inbox.ids()).toHaveLength(20);
    failing = false;
    await bad;
    expect(inbox.ids('bad')).toEqual(['bad-1']);
  });

  it('runs a bounded number of handlers at once, one per key', async () => {
    const feed = createMemoryFeed();
    const running = new Map<string, number>();
    let most = 0;
    await feed.subscribe(subscription, async (messages) => {
      const key = messages[0]?.key ?? '';
      running.set(key, (running.get(key) ?? 0) + 1);
      expect(running.get(key)).toBe(1);
      most = Math.max(most, running.size);
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(key);
    });
    await Promise.all(Array.from({ length: 200 }, (_, i) => feed.publish([message(`key${i % 50}`, i)])));
    expect(most).toBe(4);
  });

  it('gives the work of a stopped subscription to the others of its group', async () => {
    const feed = createMemoryFeed({ retryMs: 1 });
    const inbox = new Inbox();
    const refusing = await feed.subscribe(subscription, () => Promise.reject(new Error('not here')));
    const published = feed.publish([message('a'), message('b')]);
    await feed.subscribe(subscription, inbox.take);
    await refusing.stop();
    await published;
    expect(inbox.ids().sort()).toEqual(['a-1', 'b-1']);
  });

  it('refuses what the last subscriber of a group left behind, so that the sender keeps it', async () => {
    const feed = createMemoryFeed({ retryMs: 1 });
    const only = await feed.subscribe(subscription, () => Promise.reject(new Error('not now')));
    const refused = expect(feed.publish([message('a')])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await only.stop();
    await refused;
  });

  it('takes no message of a topic while a required group has no subscriber', async () => {
    const feed = createMemoryFeed({ requiredGroups: { topic: ['audit-log'] } });
    await feed.subscribe({ topics: ['topic'], group: newId() }, () => Promise.resolve());
    await expect(feed.publish([message('a')])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    const inbox = new Inbox();
    await feed.subscribe({ topics: ['topic'], group: 'audit-log' }, inbox.take);
    await feed.publish([message('a')]);
    expect(inbox.ids()).toEqual(['a-1']);
  });
});
