import { defaultDataDirectory } from './default-directory.js';

describe('the default data directory', () => {
  it('of root lies outside any home, because the server runs as nobody', () => {
    expect(defaultDataDirectory({ XDG_DATA_HOME: '/root/data', HOME: '/root' }, 0)).toBe('/var/lib/coffer');
  });

  it('of an ordinary user lies under an absolute XDG_DATA_HOME', () => {
    expect(defaultDataDirectory({ XDG_DATA_HOME: '/data' }, 1000)).toBe('/data/coffer');
  });

  it.each([{ XDG_DATA_HOME: 'relative' }, { XDG_DATA_HOME: '' }, {}])('with %j lies under the home', (env) => {
    expect(defaultDataDirectory(env, 1000)).toMatch(/^\/.*\.local\/share\/coffer$/);
  });
});
