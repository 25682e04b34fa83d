import { generateKeyPairSync } from 'node:crypto';
import { SecretBytes } from '@coffer/kernel';
import { privateJwkOf } from './import-pkcs8.js';

describe.each(['P-256', 'P-384', 'P-521', 'secp256k1'])('a private key on %s in PKCS#8', (namedCurve) => {
  it.each(['named', 'explicit'] as const)('gives its numbers, its parameters being %s', (paramEncoding) => {
    for (let i = 0; i < 8; i += 1) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve, paramEncoding });
      const { d, x, y } = privateKey.export({ format: 'jwk' });
      const pkcs8 = SecretBytes.copyOf(privateKey.export({ format: 'der', type: 'pkcs8' }));
      const { members } = privateJwkOf(pkcs8, 'EC');
      const texts = Object.entries<Uint8Array>(members).map(([name, bytes]) => [
        name,
        Buffer.from(bytes).toString('base64url'),
      ]);
      expect(Object.fromEntries(texts)).toEqual({ d, x, y });
    }
  });
});
