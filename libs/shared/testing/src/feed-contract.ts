import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Feed, FeedMessage } from '@coffer/event-sourcing';
import { deferred, newId } from '@coffer/kernel';
import { Inbox } from './inbox.js';

export interface FeedUnderTest {
  readonly feed: Feed;
  /** Topics of this test alone. */
  readonly topic: string;
  readonly otherTopic: string;
  close(): Promise<void>;
}

/** What every adapter of the Feed port must do (ports.ts). Call it inside a spec of the adapter. */
export function describeFeed(adapter: string, setUp: () => Promise<FeedUnderTest>): void {
  describe(`${adapter} as a feed`, () => {
    let test: FeedUnderTest;
    beforeEach(async () => {
      test = await setUp();
    });
    afterEach(() => test.close());

    const message = (key: string, seq: number, topic = test.topic): FeedMessage => ({
      topic,
      key,
      id: `${key}-${seq}`,
      type: 'ThingDone',
      seq,
      time: '2026-03-01T12:00:00.000Z',
      body: { seq },
    });
    const subscribe = (inbox: Inbox, group = newId(), topics = [test.topic]) =>
      test.feed.subscribe({ topics, group }, inbox.take);

    it('gives every group every message, as it was published', async () => {
      const [one, two] = [new Inbox(), new Inbox()];
      await subscribe(one);
      await subscribe(two);
      await test.feed.publish([message('a', 1), message('b', 1)]);
      await Promise.all([one.has(['a-1', 'b-1']), two.has(['a-1', 'b-1'])]);
      expect(one.messages.find(({ id }) => id === 'a-1')).toEqual(message('a', 1));
    });

    it('gives a group the messages of its topics alone', async () => {
      const [inbox, all] = [new Inbox(), new Inbox()];
      await subscribe(inbox);
      await subscribe(all, newId(), [test.topic, test.otherTopic]);
      await test.feed.publish([message('a', 1, test.otherTopic), message('a', 2)]);
      await Promise.all([inbox.has(['a-2']), all.has(['a-1', 'a-2'])]);
      expect(inbox.ids()).toEqual(['a-2']);
    });

    it('keeps the order of each key over many publications', async () => {
      const inbox = new Inbox();
      await subscribe(inbox);
      for (let seq = 1; seq <= 20; seq += 1) await test.feed.publish(['a', 'b', 'c'].map((key) => message(key, seq)));
      await inbox.has(['a-20', 'b-20', 'c-20']);
      const expected = Array.from({ length: 20 }, (_, i) => i + 1);
      for (const key of ['a', 'b', 'c']) expect(inbox.ids(key)).toEqual(expected.map((seq) => `${key}-${seq}`));
    });

    it('brings the same messages again when a handler rejects, before later ones of their key', async () => {
      const inbox = new Inbox();
      let refusals = 3;
      await test.feed.subscribe({ topics: [test.topic], group: newId() }, (messages) =>
        refusals-- > 0 ? Promise.reject(new Error('not now')) : inbox.take(messages),
      );
      await Promise.all([test.feed.publish([message('a', 1), message('a', 2)]), test.feed.publish([message('a', 3)])]);
      await inbox.has(['a-1', 'a-2', 'a-3']);
      expect(inbox.ids()).toEqual(['a-1', 'a-2', 'a-3']);
    });

    it('shares the keys of a group between its subscriptions, each key in order', async () => {
      const [inbox, group] = [new Inbox(), newId()];
      await subscribe(inbox, group);
      await subscribe(inbox, group);
      const keys = Array.from({ length: 12 }, (_, i) => `key${i}`);
      for (let seq = 1; seq <= 5; seq += 1) await test.feed.publish(keys.map((key) => message(key, seq)));
      await inbox.has(keys.map((key) => `${key}-5`));
      for (const key of keys) expect(inbox.ids(key)).toEqual([1, 2, 3, 4, 5].map((seq) => `${key}-${seq}`));
    });

    it('stops when the running handler has ended', async () => {
      const started = deferred<undefined>();
      const finish = deferred<undefined>();
      let ended = false;
      const subscription = await test.feed.subscribe({ topics: [test.topic], group: newId() }, async () => {
        started.resolve(undefined);
        await finish.promise;
        ended = true;
      });
      const published = test.feed.publish([message('a', 1)]);
      await started.promise;
      const stopped = subscription.stop().then(() => ended);
      finish.resolve(undefined);
      expect(await stopped).toBe(true);
      await published;
    });
  });
}
