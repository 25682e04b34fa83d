/** Why the keyring cannot be opened; every reason has a message that tells the operator what to do. */
export type KeyringReason =
  | 'root-key-missing'
  | 'root-key-unreadable'
  | 'root-key-not-private'
  | 'root-key-malformed'
  | 'passphrase-too-short'
  | 'other-kind-of-root-key'
  | 'wrong-root-key';

/** The expected failures at start. `message` is for the operator and holds no key material. */
export class KeyringError extends Error {
  override readonly name = 'KeyringError';

  constructor(
    readonly reason: KeyringReason,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
