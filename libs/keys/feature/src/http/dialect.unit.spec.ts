import { algorithmFromWire, curveToWire, platformAttribute } from './dialect.js';

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

describe('hsmPlatform', () => {
  it.each(['7.5', '7.5-preview.1', '7.6', '7.10', '2025-07-01', '2026-04-01'])('is shown by %s', (apiVersion) => {
    expect(platformAttribute(apiVersion)).toEqual({ hsmPlatform: '0' });
  });

  it.each(['2016-10-01', '7.0', '7.4', '7.4-preview.1'])('is unknown to %s', (apiVersion) => {
    expect(platformAttribute(apiVersion)).toEqual({});
  });
});
