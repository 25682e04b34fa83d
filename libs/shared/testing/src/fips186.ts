import { readFileSync } from 'node:fs';

interface SigVer {
  readonly vectors: readonly {
    readonly alg: 'ES256' | 'ES384' | 'ES512';
    /** `P (0 )`, or `F` and what was changed. */
    readonly result: string;
    /** Hexadecimal, as all that follow; `signature` is r ‖ s. */
    readonly message: string;
    readonly x: string;
    readonly y: string;
    readonly signature: string;
  }[];
}

/** Signatures to verify, right and wrong ones, of NIST's validation program for FIPS 186. */
export const { vectors: fips186 } = JSON.parse(
  readFileSync(new URL('../vectors/ecdsa-sigver.json', import.meta.url), 'utf8'),
) as SigVer;
