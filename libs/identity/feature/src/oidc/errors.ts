import { isCofferError, newId } from '@coffer/kernel';
import type { RequestNotes } from './provider.js';

export interface TokenError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Worded {
  readonly status: number;
  readonly error: string;
  readonly code: number;
  readonly text: string;
}

const unknownClient: Worded = {
  status: 400,
  error: 'unauthorized_client',
  code: 700016,
  text: 'Application was not found in the directory.',
};
const wrongSecret: Worded = {
  status: 401,
  error: 'invalid_client',
  code: 7000215,
  text: 'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
};
const expiredSecret: Worded = {
  status: 401,
  error: 'invalid_client',
  code: 7000222,
  text: 'The provided client secret keys are expired.',
};

const noAssertions: Worded = {
  status: 401,
  error: 'invalid_client',
  code: 700027,
  text: 'Client assertions and certificates are not supported here. Use a client secret.',
};
const noCredential: Worded = {
  status: 401,
  error: 'invalid_client',
  code: 7000218,
  text: "The request body must contain the following parameter: 'client_secret'.",
};

/** The library's error codes in Azure's words (sdk-contract 1.1); what is not here keeps its own text. */
const words: Readonly<Record<string, Worded>> = {
  invalid_target: {
    status: 400,
    error: 'invalid_resource',
    code: 500011,
    text: 'The resource principal was not found in the tenant.',
  },
  unsupported_grant_type: {
    status: 400,
    error: 'unsupported_grant_type',
    code: 70003,
    text: 'The grant type is not supported.',
  },
  invalid_request: {
    status: 400,
    error: 'invalid_request',
    code: 900144,
    text: 'The request body is malformed or misses a parameter.',
  },
};

/** An error of the library as MSAL expects it; faults of ours become 503 or 429, which clients try again. */
export function tokenError(
  status: number,
  out: { readonly error?: unknown; readonly error_description?: unknown },
  notes: RequestNotes,
  correlationId: string,
): TokenError {
  if (notes.fault !== undefined) return faultError(notes.fault, correlationId);
  const error = typeof out.error === 'string' ? out.error : 'server_error';
  const worded = error === 'invalid_client' ? clientError(notes) : words[error];
  if (worded === undefined) {
    const text = typeof out.error_description === 'string' ? out.error_description : 'The request failed.';
    return answer(status, error, 90000, text, correlationId);
  }
  return answer(worded.status, worded.error, worded.code, worded.text, correlationId);
}

function clientError(notes: RequestNotes): Worded {
  if (notes.principal === undefined) return unknownClient;
  if (notes.shown !== undefined) return notes.shown === 'assertion' ? noAssertions : noCredential;
  return notes.expired === true ? expiredSecret : wrongSecret;
}

/** Not the caller's fault. */
export function faultError(fault: unknown, correlationId: string): TokenError {
  const throttled = isCofferError(fault, 'Throttled');
  const status = throttled ? 429 : isCofferError(fault, 'ServiceUnavailable') ? 503 : 500;
  const error = status === 500 ? 'server_error' : 'temporarily_unavailable';
  const reply = answer(status, error, 90033, 'A transient error has occurred. Please try again.', correlationId);
  return status === 500 ? reply : { ...reply, headers: { 'retry-after': '1' } };
}

function answer(status: number, error: string, code: number, text: string, correlationId: string): TokenError {
  return {
    status,
    headers: {},
    body: {
      error,
      error_description: `AADSTS${code}: ${text}`,
      error_codes: [code],
      timestamp: new Date()
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z'),
      trace_id: newId(),
      correlation_id: correlationId,
    },
  };
}
