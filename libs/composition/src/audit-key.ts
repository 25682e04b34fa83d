import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '@coffer/embedded-postgres';
import { systemErrorCode } from '@coffer/kernel';

/** The Ed25519 key that signs tree heads (PKCS#8 PEM, mode 0600); made when it is missing, by the first of all instances. */
export async function auditKey(file: string): Promise<KeyObject> {
  try {
    return ed25519(await readFile(file), file);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  const partial = `${file}.${process.pid}.next`;
  await writeFile(partial, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flush: true });
  try {
    // Whole, and never over another one: a log has one key.
    await link(partial, file);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(partial);
  }
  // Heads signed with a key that a power loss takes away could never be continued.
  await syncDirectory(path.dirname(file));
  return ed25519(await readFile(file), file);
}

function ed25519(pem: Buffer, file: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${file} holds no Ed25519 key.`);
  return key;
}
