import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';

describe('canonical JSON (RFC 8785)', () => {
  it('gives the bytes of the sample in RFC 8785 §3.2.4', () => {
    const sample = JSON.parse(`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]
    }`) as unknown;

    const hex =
      '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e' +
      '756d62657273223a5b3333333333333333332e333333333333332c31652b3330' +
      '2c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac24' +
      '5c75303030665c6e4127425c225c5c5c5c5c222f227d';
    expect(Buffer.from(canonicalJson(sample), 'utf8').toString('hex')).toBe(hex);
  });

  it('sorts members by UTF-16 code units (RFC 8785 §3.2.3)', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const shuffled = Object.fromEntries(names.map((name) => [name, 0]));

    expect(canonicalJson(shuffled)).toBe(
      '{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\ud83d\ude00":0,"\ufb33":0}',
    );
  });

  it.each([
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [1e21, '1e+21'],
    [0.000001, '0.000001'],
  ])('writes the number %s as %s (RFC 8785 appendix B)', (number, text) => {
    expect(canonicalJson(number)).toBe(text);
  });

  it.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a lone surrogate', { a: ['\ud800'] }],
    ['a lone surrogate in a name', { '\udead': 1 }],
    ['a bigint', 1n],
    ['a date', { at: new Date(0) }],
    ['undefined in an array', [undefined]],
    ['a hole in an array', new Array(1)],
    ['an object that would write itself as something else', { a: 1, toJSON: () => 'b' }],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it('goes by what is there, not by what an object would write instead', () => {
    const hidden = (target: object) => Object.defineProperty(target, 'toJSON', { value: () => 'forged' });
    expect(canonicalJson(hidden([1, 2]))).toBe('[1,2]');
    expect(canonicalJson({ a: hidden({ b: 1 }) })).toBe('{"a":{"b":1}}');
  });

  it('leaves out undefined members, as JSON.stringify does', () => {
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
  });

  it('does not depend on the order of members, and survives a round trip', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });
});

describe('canonical JSON of what is in order already', () => {
  const hostile = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(undefined, Number.NaN, -0, 1n, new Date(0), '\ud800', [undefined], { b: 1, a: undefined }),
  );

  it('is the same text, or the same refusal, as of the same members in another order', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), hostile), { minLength: 1, maxLength: 4 }), (objects) => {
        const before = outcome({ a: objects, b: 1 });
        expect(outcome({ b: 1, a: objects })).toEqual(before);
        expect(outcome(Object.assign(Object.create(null), { a: objects, b: 1 }))).toEqual(before);
      }),
    );
  });
});

function outcome(value: unknown): string | undefined {
  try {
    return canonicalJson(value);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return undefined;
  }
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, reversed(member)] as const);
  return Object.fromEntries(entries.reverse());
}
