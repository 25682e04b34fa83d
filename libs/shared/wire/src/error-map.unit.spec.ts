import { CofferError, type ErrorCode } from '@coffer/kernel';
import { toErrorResponse } from './error-map.js';

/** As another copy of the kernel would throw it. */
function foreign(code: string, message: string): Error {
  return Object.assign(new Error(message), { name: 'CofferError', code, details: {} });
}

describe('an error as a response', () => {
  it('is the same from any copy of the kernel', () => {
    const own = toErrorResponse(new CofferError('KeyNotFound', 'no such key'), 'vault');
    expect(own).toMatchObject({ status: 404, body: { error: { code: 'KeyNotFound', message: 'no such key' } } });
    expect(toErrorResponse(foreign('KeyNotFound', 'no such key'), 'vault')).toEqual(own);
  });

  it.each<[string, unknown]>([
    ['an ordinary error', new Error('connect 10.0.0.7:5432')],
    ['no error at all', 'a text'],
    ['a fault of ours', new CofferError('Internal', 'row 7 of material')],
    ['a code that this release does not know', foreign('OfTomorrow', 'a detail')],
    ['a code that every object has', new CofferError('constructor' as ErrorCode, 'a detail')],
  ])('is a 500 that tells nothing for %s', (_what, error) => {
    expect(toErrorResponse(error, 'vault')).toMatchObject({
      status: 500,
      body: { error: { code: 'InternalServerError', message: 'An internal error has occurred.' } },
    });
  });
});
