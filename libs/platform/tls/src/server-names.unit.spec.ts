import { normaliseNames, sameNames } from './server-names.js';

describe('the names of a server certificate', () => {
  it('are compared without regard to order, case, doubles and the spelling of an address', () => {
    const a = normaliseNames(['localhost', '*.Vault.localhost', 'localhost'], ['::1', '127.0.0.1']);
    const b = normaliseNames(['*.vault.localhost', 'LOCALHOST'], ['127.0.0.1', '0:0:0:0:0:0:0:1']);
    expect(a).toEqual({ dns: ['*.vault.localhost', 'localhost'], ip: ['127.0.0.1', '::1'] });
    expect(sameNames(a, b)).toBe(true);
  });

  it('differ when one is missing', () => {
    const all = normaliseNames(['a.test', 'b.test'], ['127.0.0.1']);
    expect(sameNames(all, normaliseNames(['a.test'], ['127.0.0.1']))).toBe(false);
    expect(sameNames(all, normaliseNames(['a.test', 'b.test'], []))).toBe(false);
  });

  it.each(['', '*', 'a..b', '*.*.test', 'a.*.test', 'x'.repeat(64), '-a.test', 'a, DNS:evil.test', 'ä.test', 'a:8443'])(
    'cannot be "%s"',
    (name) => {
      expect(() => normaliseNames([name], [])).toThrow(
        expect.objectContaining({ name: 'TlsError', reason: 'bad-name' }) as Error,
      );
    },
  );

  it.each(['localhost', '127.0.0.256', '[::1]', ''])('cannot hold "%s" as an address', (ip) => {
    expect(() => normaliseNames(['a.test'], [ip])).toThrow(`"${ip}"`);
  });

  it('must be at least one', () => {
    expect(() => normaliseNames([], [])).toThrow('needs a name');
  });
});
