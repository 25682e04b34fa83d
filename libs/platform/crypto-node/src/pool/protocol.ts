import type { KeyObject } from 'node:crypto';
import type { Curve } from '@coffer/contracts';

/** An RSA private key as the pool knows it. The id is unique in the process and never used again. */
export interface PooledKey {
  readonly id: number;
  readonly privateKey: KeyObject;
  /** Set by `release`; requests that are already queued still finish. */
  released: boolean;
}

/** What a thread can be asked to do. Byte arrays must own their whole buffer: a view would be copied with all that surrounds it. */
export type Operation =
  | { readonly op: 'sign'; readonly keyId: number; readonly block: Uint8Array }
  | {
      readonly op: 'decrypt';
      readonly keyId: number;
      /** `constants.RSA_*_PADDING`. */
      readonly padding: number;
      readonly oaepHash: string | undefined;
      readonly ciphertext: Uint8Array;
    }
  | {
      readonly op: 'verify';
      readonly curve: Curve;
      /** Uncompressed point. */
      readonly point: Uint8Array;
      readonly digest: Uint8Array;
      readonly signature: Uint8Array;
    }
  /** Answered with PKCS#8 DER. */
  | { readonly op: 'generate'; readonly modulusLength: number; readonly publicExponent: number }
  /** Big-endian; the receiver overwrites it. */
  | { readonly op: 'isPrime'; readonly candidate: Uint8Array };

/** What a thread is told when it starts. */
export interface ThreadSettings {
  /** Whether it leaves the processor to others that want it. */
  readonly background: boolean;
}

/** One element of a message to a thread (worker/crypto-worker.mjs). */
export type Command =
  /** PKCS#8; the receiver overwrites it once imported. */
  | { readonly op: 'key'; readonly id: number; readonly der: Uint8Array<ArrayBuffer> }
  | { readonly op: 'drop'; readonly id: number }
  | (Operation & { readonly seq: number });

/** One element of a thread's message; no value means that the operation failed. */
export interface Answer {
  readonly seq: number;
  readonly value: Uint8Array | boolean | undefined;
}
