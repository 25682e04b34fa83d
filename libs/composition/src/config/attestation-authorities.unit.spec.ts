import path from 'node:path';
import { attestationAuthorities } from './attestation-authorities.js';

describe('the attestation authorities', () => {
  it('are issuers, with a file of their keys or without', () => {
    const text = 'https://a.example, http://127.0.0.1:1/x=keys.json,https://b.example/t=/etc/b=c.json';
    expect(attestationAuthorities.parse(text)).toEqual([
      { authority: 'https://a.example' },
      { authority: 'http://127.0.0.1:1/x', jwksFile: path.resolve('keys.json') },
      { authority: 'https://b.example/t', jwksFile: '/etc/b=c.json' },
    ]);
  });

  it.each([
    '',
    'a.example',
    'http://a.example',
    'file:///etc/keys',
    'https://a.example,',
    'https://a.example=',
    'https://a.example?b',
    'https://u:p@a.example',
  ])('are not %j', (text) => {
    expect(attestationAuthorities.safeParse(text).success).toBe(false);
  });
});
