import fc from 'fast-check';
import { aadOf } from './aad.js';

const fields = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 });

describe('additional authenticated data', () => {
  it('is the length and the UTF-8 of each field', () => {
    expect(aadOf('ab', '', 'é').toString('hex')).toBe('00000002' + '6162' + '00000000' + '00000002' + 'c3a9');
  });

  it('differs whenever the fields differ', () => {
    fc.assert(
      fc.property(fields, fields, (one, other) => {
        expect(aadOf(...one).equals(aadOf(...other))).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it.each([
    [
      ['a', 'bc'],
      ['ab', 'c'],
    ],
    [['a', ''], ['a']],
    [
      ['a', '', 'b'],
      ['a', 'b', ''],
    ],
    [['a\0b'], ['a', 'b']],
    [['\u0000\u0000\u0000\u0000'], ['', '']],
  ])('of %j and of %j differ', (one, other) => {
    expect(aadOf(...one)).not.toEqual(aadOf(...other));
  });

  it('is refused for text that UTF-8 cannot tell apart', () => {
    expect(() => aadOf('a\ud800')).toThrow(expect.objectContaining({ code: 'Internal' }) as Error);
  });
});
