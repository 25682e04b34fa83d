import { EventEmitter } from 'node:events';
import { admitLargeBody } from './large-bodies.js';

const LARGE = '48000000';

it('lets two large bodies in at a time, the next when a response has closed, and small ones always', () => {
  const responses = [new EventEmitter(), new EventEmitter()];
  for (const response of responses) admitLargeBody(LARGE, response);
  for (const length of [LARGE, undefined, 'NaN']) {
    expect(() => {
      admitLargeBody(length, new EventEmitter());
    }).toThrow(expect.objectContaining({ code: 'Throttled' }) as Error);
  }
  admitLargeBody('262144', new EventEmitter());
  responses[0]?.emit('close');
  const third = new EventEmitter();
  admitLargeBody(undefined, third);
  expect(() => {
    admitLargeBody(LARGE, new EventEmitter());
  }).toThrow(/large/);
  for (const response of [responses[1], third]) response?.emit('close');
});
