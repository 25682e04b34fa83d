import { parseSet, parseUpdate } from './secret-schema.js';

const set = (body: unknown): ReturnType<typeof parseSet> => parseSet(body, 's');
const naming = (member: string): Error =>
  expect.objectContaining({
    code: 'BadParameter',
    message: expect.stringMatching(new RegExp(`^Property ${member} has invalid value\r\n`)) as string,
  }) as Error;

describe('the body of a set request', () => {
  it('needs no more than the value; the secret is then enabled', () => {
    const { value, ...rest } = set({ value: 'grün 🔑' });
    expect(rest).toEqual({ name: 's', enabled: true });
    expect(value.expose()).toEqual(Buffer.from('grün 🔑', 'utf8'));
  });

  it('reads every member', () => {
    const { value, ...rest } = set({
      value: '',
      contentType: 'text/plain',
      attributes: { enabled: false, nbf: 5, exp: 6 },
      tags: { a: 'b' },
    });
    expect(value).toHaveLength(0);
    expect(rest).toEqual({
      name: 's',
      contentType: 'text/plain',
      tags: { a: 'b' },
      enabled: false,
      nbf: 5,
      exp: 6,
    });
  });

  it('takes null for absent and ignores unknown members', () => {
    const { value, ...rest } = set({
      value: 'x',
      contentType: null,
      attributes: { nbf: null, created: 1 },
      tags: null,
      id: 7,
    });
    expect(value).toHaveLength(1);
    expect(rest).toEqual({ name: 's', enabled: true });
  });

  it('accepts values of 25,600 bytes, content types of 255 and 15 tags of 512 characters', () => {
    const tags = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`${i}`.padEnd(512, 'n'), 'v'.repeat(512)]));
    const parsed = set({ value: 'ü'.repeat(12_800), contentType: 'c'.repeat(255), tags });
    expect(parsed.value).toHaveLength(25_600);
    expect(parsed.tags).toEqual(tags);
  });

  it.each([
    ['value', {}],
    ['value', { value: null }],
    ['value', { value: 1 }],
    ['value', { value: 'x'.repeat(25_601) }],
    ['value', { value: 'ü'.repeat(12_801) }],
    ['value', { value: 'a\ud800b' }],
    ['contentType', { value: 'x', contentType: 'c'.repeat(256) }],
    ['contentType', { value: 'x', contentType: 1 }],
    ['attributes', { value: 'x', attributes: [] }],
    ['attributes.enabled', { value: 'x', attributes: { enabled: 'yes' } }],
    ['attributes.nbf', { value: 'x', attributes: { nbf: 1.5 } }],
    ['attributes.exp', { value: 'x', attributes: { exp: '2030-01-01' } }],
    ['tags', { value: 'x', tags: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`t${i}`, ''])) }],
    ['tags.a', { value: 'x', tags: { a: 1 } }],
    ['tags.a', { value: 'x', tags: { a: 'x'.repeat(513) } }],
  ])('names %s when it is wrong', (member, body) => {
    expect(() => set(body)).toThrow(naming(member));
  });

  it('is required', () => {
    expect(() => set(undefined)).toThrow('The request body is missing or empty.');
  });

  it('never repeats a refused value', () => {
    expect(() => set({ value: 'top secret'.repeat(3000) })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('top secret') as string }) as Error,
    );
  });
});

describe('the body of an update request', () => {
  it('reads what is there and leaves the rest undefined', () => {
    expect(parseUpdate({ attributes: { enabled: false } }, 's', 'v')).toEqual({
      name: 's',
      version: 'v',
      enabled: false,
    });
    expect(parseUpdate({ contentType: '', tags: {} }, 's', undefined)).toEqual({
      name: 's',
      contentType: '',
      tags: {},
    });
  });

  it('ignores a value: only a new version has another', () => {
    expect(parseUpdate({ value: 'x' }, 's', 'v')).toEqual({ name: 's', version: 'v' });
  });
});
