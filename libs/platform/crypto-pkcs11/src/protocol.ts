import type { KeySpec, KeyWrapMode, PublicJwk } from '@coffer/contracts';

/** First message to a process of the module. */
export interface Opening {
  /** Path of the module. */
  readonly module: string;
  /** Label of the token. */
  readonly token: string;
  /** UTF-8. */
  readonly pin: Uint8Array;
  /** Bytes of memory that the process may take on before it is worn. */
  readonly maxGrowth: number;
}

/** A key as it is stored: inside the token it exists only while it is used. */
export interface WrappedKey {
  /** PKCS #11 mechanism that it was wrapped by. */
  readonly mechanism: number;
  /** CKA_ID of the wrapping key, hex. */
  readonly wrappedBy: string;
  readonly wrapped: Uint8Array;
}

export interface KeyReference extends WrappedKey {
  /** Unique in the life of the sender. */
  readonly id: number;
  readonly kty: KeySpec['kty'];
}

/** Number and parameter of a PKCS #11 mechanism; the parameter as pkcs11js wants it. */
export interface MechanismOf {
  readonly mechanism: number;
  readonly parameter?: Uint8Array | (Readonly<Record<string, number | Uint8Array>> & { readonly type: number });
}

export type Task =
  | { readonly op: 'generate'; readonly spec: KeySpec }
  /** `key`: PKCS#8 DER, of oct the key itself. */
  | { readonly op: 'import'; readonly spec: KeySpec; readonly key: Uint8Array }
  | {
      readonly op: 'sign' | 'encrypt' | 'decrypt';
      readonly key: KeyReference;
      readonly mechanism: MechanismOf;
      readonly data: Uint8Array;
    }
  | {
      readonly op: 'wrap' | 'unwrap';
      readonly key: KeyReference;
      readonly mode: KeyWrapMode;
      readonly data: Uint8Array;
    }
  | { readonly op: 'forget'; readonly id: number };

export interface Made extends WrappedKey {
  /** Absent for a key that was taken in. */
  readonly public?: PublicJwk;
}

/**
 * `refused`: the data does not fit the key; `unsupported`: the module cannot do this; `unusable`: the key does not come out of
 * its wrapping; `lost`: the process is of no more use; `pin`: the token does not take the PIN.
 */
export type Failure = 'refused' | 'unsupported' | 'unusable' | 'lost' | 'pin';

/** `code` is the module's name for it, such as CKR_DEVICE_ERROR. */
export type Reply = Worn &
  ({ readonly value: Uint8Array | Made | undefined } | { readonly failure: Failure; readonly code: string });

export interface Worn {
  /** The process has grown too much: another one is to follow. */
  readonly worn?: boolean;
}
