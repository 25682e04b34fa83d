import { decodeBase64url, parseCryptoBody } from './crypto-body.js';

const badParameter = (member: string): Error =>
  expect.objectContaining({
    code: 'BadParameter',
    message: expect.stringMatching(new RegExp(`^Property ${member} has invalid value\r\n`)) as string,
  }) as Error;

describe('parseCryptoBody', () => {
  it('takes alg and value', () => {
    expect(parseCryptoBody({ alg: 'RS256', value: '_-8' }, false)).toEqual({
      alg: 'RS256',
      value: Buffer.from([0xff, 0xef]),
    });
  });

  it('takes the digest for verify', () => {
    expect(parseCryptoBody({ alg: 'ES256', value: 'AQ', digest: 'Ag' }, true)).toEqual({
      alg: 'ES256',
      value: Buffer.from([1]),
      digest: Buffer.from([2]),
    });
  });

  it('ignores members of other key types', () => {
    const body = { alg: 'RSA-OAEP', value: 'AQ', iv: 7, aad: null, tag: '!', digest: 3 };
    expect(parseCryptoBody(body, false)).toEqual({ alg: 'RSA-OAEP', value: Buffer.from([1]) });
  });

  it.each(['A128GCM', 'A192CBC', 'A256CBCPAD'])('takes iv, aad and tag for %s, where they are there', (alg) => {
    const value = Buffer.from([1]);
    const body = { alg, value: 'AQ', iv: 'Ag', aad: '', tag: 'Aw==' };
    const parsed = { iv: Buffer.from([2]), aad: Buffer.alloc(0), tag: Buffer.from([3]) };
    expect(parseCryptoBody(body, false)).toEqual({ alg, value, ...parsed });
    expect(parseCryptoBody({ alg, value: 'AQ', iv: null, tag: null }, false)).toEqual({ alg, value });
  });

  it.each(['A128KW', 'CKM_AES_KEY_WRAP', 'HS256'])('ignores iv, aad and tag for %s', (alg) => {
    const body = { alg, value: 'AQ', iv: 7, aad: '!', tag: [] };
    expect(parseCryptoBody(body, false)).toEqual({ alg, value: Buffer.from([1]) });
  });

  it.each(['iv', 'aad', 'tag'])('names %s of AES when it is malformed', (member) => {
    for (const wrong of [7, '+/', {}, false]) {
      const body = { alg: 'A256GCM', value: 'AQ', [member]: wrong };
      expect(() => parseCryptoBody(body, false)).toThrow(badParameter(member));
    }
  });

  it.each([
    ['no body', undefined],
    ['an array', []],
    ['null', null],
    ['text', 'RS256'],
  ])('refuses %s', (_what, body) => {
    expect(() => parseCryptoBody(body, false)).toThrow(expect.objectContaining({ code: 'BadParameter' }) as Error);
  });

  it.each([
    ['alg', { value: 'AQ' }],
    ['alg', { alg: 256, value: 'AQ' }],
    ['alg', { alg: '', value: 'AQ' }],
    ['alg', { alg: 'RS256\n', value: 'AQ' }],
    ['alg', { alg: 'x'.repeat(41), value: 'AQ' }],
    ['value', { alg: 'RS256' }],
    ['value', { alg: 'RS256', value: 5 }],
    ['value', { alg: 'RS256', value: null }],
    ['digest', { alg: 'RS256', value: 'AQ' }],
    ['digest', { alg: 'RS256', value: 'AQ', digest: 'A+' }],
  ])('names %s when it is missing or malformed', (member, body) => {
    expect(() => parseCryptoBody(body, true)).toThrow(badParameter(member));
  });

  it('never repeats a refused value', () => {
    expect(() => parseCryptoBody({ alg: 'RS256', value: 'top secret' }, false)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') as string }) as Error,
    );
  });
});

describe('decodeBase64url', () => {
  it.each([0, 1, 2, 3, 4, 31, 32, 512])('reads %i bytes back, with and without padding', (length) => {
    const bytes = Buffer.alloc(length, 0xfb);
    const text = bytes.toString('base64url');
    expect(decodeBase64url('value', text)).toEqual(bytes);
    expect(decodeBase64url('value', text + '='.repeat((4 - (text.length % 4)) % 4))).toEqual(bytes);
  });

  it.each(['+AAA', '/AAA', 'AA A', 'AA\n', 'A', 'AAAAA', 'AQ=', 'AAAA=', 'AAA==', '=', '==', '====', 'A=Q=', 'é'])(
    'refuses %j',
    (text) => {
      expect(() => decodeBase64url('value', text)).toThrow(badParameter('value'));
    },
  );
});
