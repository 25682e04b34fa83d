import { readFile } from 'node:fs/promises';
import { SecretBytes } from '@coffer/kernel';
import { fileRootKey, passphraseRootKey, type RootKeyProvider } from '@coffer/keyring';

/** The root key that is configured: derived from a passphrase, or in a file. */
export async function rootKeyProvider(passphraseFile: string | undefined, keyFile: string): Promise<RootKeyProvider> {
  if (passphraseFile === undefined) return fileRootKey(keyFile);
  // The line end that editors add is no part of the passphrase.
  const text = (await readFile(passphraseFile, 'utf8')).replace(/\r?\n$/, '');
  return passphraseRootKey(SecretBytes.fromUtf8(text));
}
