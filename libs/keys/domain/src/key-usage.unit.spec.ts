import { cryptoOps, type CryptoOp } from './key-ops.js';
import { assertUsable, type KeyUsage } from './key-usage.js';

const NOW = 1_700_000_000;
const usable: KeyUsage = { enabled: true, keyOps: cryptoOps };
const protecting: CryptoOp[] = ['sign', 'encrypt', 'wrapKey'];
const undoing: CryptoOp[] = ['verify', 'decrypt', 'unwrapKey'];

const refused = (facts: { code: string; message?: string }): Error => expect.objectContaining(facts) as Error;

describe('assertUsable', () => {
  it.each(cryptoOps)('lets an enabled key without dates %s', (op) => {
    expect(() => {
      assertUsable(usable, op, NOW);
    }).not.toThrow();
  });

  it.each(cryptoOps)('refuses %s with a disabled key', (op) => {
    expect(() => {
      assertUsable({ ...usable, enabled: false }, op, NOW);
    }).toThrow(
      refused({
        code: 'KeyDisabled',
        message: `Operation ${op} is not allowed on a disabled key.`,
      }),
    );
  });

  it.each(protecting)('refuses %s before nbf and from exp on', (op) => {
    expect(() => {
      assertUsable({ ...usable, nbf: NOW + 1 }, op, NOW);
    }).toThrow(refused({ code: 'KeyNotYetValid' }));
    expect(() => {
      assertUsable({ ...usable, exp: NOW }, op, NOW);
    }).toThrow(refused({ code: 'KeyExpired' }));
  });

  it.each(protecting)('allows %s at nbf itself and in the last second before exp', (op) => {
    expect(() => {
      assertUsable({ ...usable, nbf: NOW, exp: NOW + 1 }, op, NOW);
    }).not.toThrow();
  });

  it.each(undoing)('still allows %s outside nbf and exp', (op) => {
    expect(() => {
      assertUsable({ ...usable, nbf: NOW + 10 }, op, NOW);
      assertUsable({ ...usable, exp: NOW - 10 }, op, NOW);
    }).not.toThrow();
  });

  it.each(cryptoOps)('refuses %s when key_ops does not name it', (op) => {
    const others = cryptoOps.filter((other) => other !== op);
    expect(() => {
      assertUsable({ ...usable, keyOps: others }, op, NOW);
    }).toThrow(
      refused({
        code: 'KeyOperationForbidden',
        message: `Operation ${op} is not permitted on this key.`,
      }),
    );
  });
});
