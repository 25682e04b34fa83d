import type { AuditRecord } from '@coffer/wire';
import { canonicalJson } from './canonical-json.js';

/** A record that may enter the log, with the canonical text that stands for it from then on. */
export type RecordCheck =
  | { readonly valid: true; readonly record: AuditRecord; readonly canonical: string }
  /** `reason` names the member, never its value. */
  | { readonly valid: false; readonly reason: string };

type Rule = (value: unknown) => boolean;

const ID = /^[0-9A-Za-z-]{1,64}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;

const text: Rule = (value) => typeof value === 'string';
const word: Rule = (value) => typeof value === 'string' && value.length > 0 && value.length <= 256;
const id: Rule = (value) => typeof value === 'string' && ID.test(value);
const time: Rule = (value) => typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));
const status: Rule = (value) => Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 599;
const oneOf =
  (...words: readonly unknown[]): Rule =>
  (value) =>
    words.includes(value);
const claims: Rule = (value) => isObject(value) && Object.values(value).every((claim) => typeof claim === 'string');

/** What each member must be; members that are not named here are kept as they are. */
const rules: Readonly<Record<keyof AuditRecord, Rule>> = {
  recordId: id,
  time,
  category: oneOf('AuditEvent'),
  resourceId: text,
  vaultId: (value) => value === undefined || id(value),
  operationName: word,
  operationVersion: text,
  resultType: oneOf('Success', 'Failure'),
  resultSignature: text,
  resultDescription: text,
  durationMs: (value) => typeof value === 'string' && /^\d{1,15}(\.\d{1,9})?$/.test(value),
  callerIpAddress: text,
  correlationId: text,
  identity: (value) => isObject(value) && claims(value['claim']),
  properties: (value) =>
    isObject(value) &&
    text(value['clientInfo']) &&
    text(value['requestUri']) &&
    text(value['id']) &&
    status(value['httpStatusCode']),
  service: word,
  region: text,
  decision: oneOf('allow', 'deny', 'none'),
  policyRevision: text,
  decisionReason: text,
};

const everyRule = Object.entries(rules);

/**
 * Decides whether what arrived on the audit topic is an audit record. Total: whatever arrives, it answers. A record
 * of a newer service may carry more members than are known here; they are part of its canonical form.
 */
export function checkRecord(body: unknown): RecordCheck {
  if (!isObject(body)) return { valid: false, reason: 'the body is not an object' };
  const broken = everyRule.find(([member, rule]) => !rule(body[member]));
  if (broken !== undefined) return { valid: false, reason: `member ${broken[0]} is missing or not valid` };
  try {
    return { valid: true, record: body as unknown as AuditRecord, canonical: canonicalJson(body) };
  } catch (error) {
    // TypeError: no canonical form; RangeError: nested deeper than the stack.
    return { valid: false, reason: error instanceof Error ? error.message : 'no canonical form' };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
