import { algorithmFromWire, curveToWire, defaultKeyOps, platformAttribute } from './dialect.js';

describe('words of old api-versions', () => {
  it.each(['2015-06-01', '2016-10-01'])('%s spells secp256k1 in its own way', (apiVersion) => {
    expect(curveToWire(apiVersion, 'P-256K')).toBe('SECP256K1');
    expect(curveToWire(apiVersion, 'P-256')).toBe('P-256');
    expect(algorithmFromWire(apiVersion, 'ECDSA256')).toBe('ES256K');
  });

  it.each(['7.0', '7.6', '2025-07-01'])('%s does not', (apiVersion) => {
    expect(curveToWire(apiVersion, 'P-256K')).toBe('P-256K');
    expect(algorithmFromWire(apiVersion, 'ECDSA256')).toBe('ECDSA256');
  });
});

describe('algorithms of symmetric keys', () => {
  const aes = ['GCM', 'CBC', 'CBCPAD', 'KW'].flatMap((mode) => ['128', '192', '256'].map((bits) => `A${bits}${mode}`));
  const later = ['HS256', 'HS384', 'HS512', 'CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD'];
  const unknown = expect.objectContaining({ code: 'BadParameter' }) as Error;

  it.each(['2016-10-01', '7.0', '7.1', '7.1-preview'])('do not exist in %s', (apiVersion) => {
    for (const alg of [...aes, ...later]) expect(() => algorithmFromWire(apiVersion, alg)).toThrow(unknown);
  });

  it.each(['7.2', '7.3', '7.4', '7.5', '7.6-preview.1'])('are those of AES only in %s', (apiVersion) => {
    for (const alg of aes) expect(algorithmFromWire(apiVersion, alg)).toBe(alg);
    for (const alg of later) expect(() => algorithmFromWire(apiVersion, alg)).toThrow(unknown);
    expect(defaultKeyOps(apiVersion, 'oct')).toEqual(['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']);
  });

  it.each(['7.6', '7.7', '2025-07-01', '2026-04-01'])('exist all in %s', (apiVersion) => {
    for (const alg of [...aes, ...later]) expect(algorithmFromWire(apiVersion, alg)).toBe(alg);
    expect(defaultKeyOps(apiVersion, 'oct')).toBeUndefined();
  });

  it('do not touch the defaults of other types', () => {
    expect(['RSA', 'EC'].map((kty) => defaultKeyOps('7.4', kty))).toEqual([undefined, undefined]);
  });
});

describe('hsmPlatform', () => {
  it.each(['7.5', '7.5-preview.1', '7.6', '7.10', '2025-07-01', '2026-04-01'])('is shown by %s', (apiVersion) => {
    expect(platformAttribute(apiVersion, undefined)).toEqual({ hsmPlatform: '0' });
    expect(platformAttribute(apiVersion, true)).toEqual({ hsmPlatform: '1' });
  });

  it.each(['2016-10-01', '7.0', '7.4', '7.4-preview.1'])('is unknown to %s', (apiVersion) => {
    expect(platformAttribute(apiVersion, true)).toEqual({});
  });
});
