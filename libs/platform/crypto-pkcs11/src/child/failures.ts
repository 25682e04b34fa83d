import { nameOf } from '../cryptoki/addon.js';
import type { Failure } from '../protocol.js';

/** Ends a task with something else than a value. */
export class TaskFailure extends Error {
  constructor(
    readonly failure: Failure,
    readonly code: string,
  ) {
    super(code);
  }
}

/** The module cannot do what is asked, and never will. */
const UNSUPPORTED = new Set([
  'CKR_MECHANISM_INVALID',
  'CKR_MECHANISM_PARAM_INVALID',
  'CKR_KEY_SIZE_RANGE',
  'CKR_KEY_TYPE_INCONSISTENT',
  'CKR_KEY_FUNCTION_NOT_PERMITTED',
  'CKR_FUNCTION_NOT_SUPPORTED',
  'CKR_DOMAIN_PARAMS_INVALID',
  'CKR_ATTRIBUTE_VALUE_INVALID',
  'CKR_TEMPLATE_INCONSISTENT',
  // What SoftHSM says of a hash that it does not know.
  'CKR_ARGUMENTS_BAD',
]);

/** The data is at fault, or the device: some modules do not tell the two apart. */
const AMBIGUOUS = new Set([
  'CKR_DATA_INVALID',
  'CKR_DATA_LEN_RANGE',
  'CKR_ENCRYPTED_DATA_INVALID',
  'CKR_ENCRYPTED_DATA_LEN_RANGE',
  'CKR_AEAD_DECRYPT_FAILED',
  'CKR_WRAPPED_KEY_INVALID',
  'CKR_WRAPPED_KEY_LEN_RANGE',
  'CKR_GENERAL_ERROR',
  'CKR_FUNCTION_FAILED',
  'CKR_VENDOR_DEFINED',
]);

/** What an error of the module means; `ambiguous` asks for a probe of the token. */
export function judge(error: unknown): { readonly verdict: Failure | 'ambiguous'; readonly code: string } {
  if (error instanceof TaskFailure) return { verdict: error.failure, code: error.code };
  const code = nameOf(error);
  if (code.startsWith('CKR_PIN_') || code === 'CKR_USER_PIN_NOT_INITIALIZED') return { verdict: 'pin', code };
  if (UNSUPPORTED.has(code)) return { verdict: 'unsupported', code };
  return { verdict: AMBIGUOUS.has(code) ? 'ambiguous' : 'lost', code };
}
