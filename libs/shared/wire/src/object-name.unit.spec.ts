import { parseObjectVersion } from './object-name.js';

const VERSION = '0123456789ABCDEF0123456789ABCDEF';

describe('the version in a path', () => {
  it('is compared in lower case, and means the latest when there is none', () => {
    expect(parseObjectVersion(VERSION)).toBe(VERSION.toLowerCase());
    expect(parseObjectVersion('')).toBeUndefined();
    expect(parseObjectVersion(undefined)).toBeUndefined();
  });

  it('that cannot exist is looked up in a form that every database and record can hold', () => {
    expect(parseObjectVersion('\u0000')).toBe('?');
    expect(parseObjectVersion(`${VERSION}\u0000`)).toBe(`${VERSION}?`);
    expect(parseObjectVersion('latest')).toBe('latest');
  });

  it('that cannot exist never becomes one that can', () => {
    for (const version of [`${VERSION}${VERSION}`, `é${VERSION.slice(1)}`, 'x'.repeat(512)]) {
      expect(parseObjectVersion(version)).not.toMatch(/^[0-9a-f]{32}$/i);
    }
    expect(parseObjectVersion('x'.repeat(512))?.length).toBeLessThanOrEqual(127);
  });
});
