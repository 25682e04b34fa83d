import { createHash, createHmac } from 'node:crypto';
import { scramVerifier } from './scram.js';

/** RFC 7677, section 3. */
const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const exchange = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=${salt},i=4096,c=biws,r=${nonce}`;
const clientProof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
const serverSignature = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

describe('the SCRAM verifier of a password', () => {
  const [, , storedKey = '', serverKey = ''] = scramVerifier('pencil', Buffer.from(salt, 'base64'))
    .split(/[$:]/)
    .slice(1);
  const signed = (key: string) => createHmac('sha256', Buffer.from(key, 'base64')).update(exchange).digest();

  it('accepts the proof of the RFC', () => {
    const clientKey = signed(storedKey).map((byte, i) => byte ^ (clientProof[i] ?? 0));
    expect(createHash('sha256').update(clientKey).digest('base64')).toBe(storedKey);
  });

  it('signs as the server of the RFC does', () => {
    expect(signed(serverKey).toString('base64')).toBe(serverSignature);
  });

  it('has a salt of its own each time', () => {
    expect(scramVerifier('pencil')).not.toBe(scramVerifier('pencil'));
  });
});
