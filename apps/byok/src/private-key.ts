import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { PassphraseSource } from './passphrase.js';
import { readBounded, Refused } from './refused.js';

/** What a vault takes; names of curves as OpenSSL has them. */
const RSA_SIZES: readonly number[] = [2048, 3072, 4096];
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1', 'secp256k1'];

const ENCRYPTED = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/;

/** Reads a PEM file (PKCS#8, PKCS#1, SEC 1). The passphrase is asked for only if there is one. Throws Refused. */
export async function readPrivateKey(file: string, passphrase: PassphraseSource): Promise<KeyObject> {
  const pem = readBounded(file);
  try {
    const key = ENCRYPTED.test(pem.toString('latin1')) ? await decrypted(file, pem, passphrase) : plain(file, pem);
    assertFits(file, key);
    return key;
  } finally {
    pem.fill(0);
  }
}

function plain(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Refused(`${file}: this is no private key in PEM.`);
  }
}

async function decrypted(file: string, pem: Buffer, source: PassphraseSource): Promise<KeyObject> {
  const passphrase = await source(file);
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch {
    throw new Refused(`${file}: the passphrase is wrong, or this is no private key in PEM.`);
  } finally {
    passphrase.fill(0);
  }
}

function assertFits(file: string, { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): void {
  if (type === 'rsa' && RSA_SIZES.includes(details?.modulusLength ?? 0)) return;
  if (type === 'ec' && CURVES.includes(details?.namedCurve ?? '')) return;
  throw new Refused(
    `${file}: the key must be RSA of 2048, 3072 or 4096 bits, or EC on P-256, P-384, P-521 or secp256k1 (P-256K).`,
  );
}
