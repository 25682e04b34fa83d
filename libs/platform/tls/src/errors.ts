/** Why certificate files cannot be used; every reason has a message that names the file and what to do. */
export type TlsReason =
  'unreadable' | 'bad-certificate' | 'bad-key' | 'mismatch' | 'expired' | 'not-yet-valid' | 'rejected' | 'bad-name';

/** The expected failures of TLS configuration. `message` is for the operator and holds no key material. */
export class TlsError extends Error {
  override readonly name = 'TlsError';

  constructor(
    readonly reason: TlsReason,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
