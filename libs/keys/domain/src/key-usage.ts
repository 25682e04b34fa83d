import { CofferError } from '@coffer/kernel';
import type { CryptoOp, EXCHANGE_OP, KeyOp } from './key-ops.js';

/** What decides whether a key version may be used. */
export interface KeyUsage {
  readonly enabled: boolean;
  /** Unix seconds. */
  readonly nbf?: number | undefined;
  /** Unix seconds. */
  readonly exp?: number | undefined;
  readonly keyOps: readonly KeyOp[];
}

/** What a caller wants of a key version: one of its operations, or that it opens a key that is brought. */
export type UsedOp = CryptoOp | typeof EXCHANGE_OP;

/** Operations that protect or take something new; what undoes or checks them keeps working outside nbf…exp (azure-api a.1). */
const BOUND_TO_TIME: ReadonlySet<UsedOp> = new Set<UsedOp>(['sign', 'encrypt', 'wrapKey', 'import']);

/**
 * Refuses an operation that the key version does not allow at `nowSeconds` (Unix seconds). Throws KeyDisabled,
 * KeyNotYetValid, KeyExpired or KeyOperationForbidden. Valid means nbf ≤ now < exp (RFC 7519 §4.1.4, §4.1.5).
 */
export function assertUsable(key: KeyUsage, op: UsedOp, nowSeconds: number): void {
  if (!key.enabled) throw new CofferError('KeyDisabled', `Operation ${op} is not allowed on a disabled key.`);
  if (BOUND_TO_TIME.has(op)) {
    if (key.nbf !== undefined && nowSeconds < key.nbf) {
      throw new CofferError('KeyNotYetValid', `Operation ${op} is not allowed on a key that is not yet valid.`);
    }
    if (key.exp !== undefined && nowSeconds >= key.exp) {
      throw new CofferError('KeyExpired', `Operation ${op} is not allowed on an expired key.`);
    }
  }
  if (!key.keyOps.includes(op)) {
    throw new CofferError('KeyOperationForbidden', `Operation ${op} is not permitted on this key.`);
  }
}
