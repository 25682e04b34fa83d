import { CofferError, invalidProperty, isCofferError } from '@coffer/kernel';

/** A key's release policy as callers send and see it. */
export interface ReleasePolicy {
  readonly contentType: string;
  /** base64url of the JSON of the policy grammar 1.0.0, as it was sent. */
  readonly data: string;
  /** Once true, nothing of the policy changes any more. */
  readonly immutable: boolean;
}

export const DEFAULT_CONTENT_TYPE = 'application/json; charset=utf-8';

type Scalar = string | number | boolean;

/** One claim that must have one value, or several conditions of which all or any must hold. */
export type Condition =
  | { readonly claim: readonly string[]; readonly equals: string }
  | { readonly allOf: readonly Condition[] }
  | { readonly anyOf: readonly Condition[] };

/** What an authority must say of an environment. */
export interface AuthorityRule {
  /** Issuer of attestation tokens, without a trailing slash. */
  readonly authority: string;
  readonly condition: Condition;
}

/** Bounds of a policy; the wire names none. */
const MAX_DATA_BYTES = 16 * 1024;
const MAX_DEPTH = 8;
const MAX_CONDITIONS = 256;
const MAX_TEXT = 1024;
const CONTENT_TYPE = /^application\/json(\s*;[ -~]*)?$/i;

/** Issuers are compared without their trailing slash: policies are written with and without it. */
export function withoutTrailingSlash(authority: string): string {
  return authority.endsWith('/') ? authority.slice(0, -1) : authority;
}

/** Checks what is stored with a key. Throws BadParameter that names the member, never its value. */
export function assertReleasePolicy({ contentType, data }: ReleasePolicy): void {
  if (contentType.length > 256 || !CONTENT_TYPE.test(contentType)) {
    throw invalidProperty('release_policy.contentType', 'The content type must be application/json.');
  }
  parseReleasePolicy(data);
}

/**
 * The rules of a policy (grammar 1.0.0, azure-api c.2). Conditions may nest, and may be written in the older way
 * `{claim, condition: "equals", value}`. Throws BadParameter.
 */
export function parseReleasePolicy(data: string): readonly AuthorityRule[] {
  const bytes = Buffer.from(data, 'base64url');
  if (bytes.length > MAX_DATA_BYTES) throw invalid(`it is longer than ${MAX_DATA_BYTES} bytes`);
  const policy = only(parseJson(bytes), ['version', 'anyOf']);
  const version = policy['version'];
  // The examples of the older form have none.
  if (version !== undefined && version !== '1.0.0' && version !== '1.0') throw invalid(`the version must be "1.0.0"`);
  const budget = { left: MAX_CONDITIONS };
  return list(policy, 'anyOf').map((entry) => authorityRule(record(entry), budget));
}

function authorityRule(entry: Members, budget: Budget): AuthorityRule {
  const authority = entry['authority'];
  if (typeof authority !== 'string' || !isAuthority(authority)) {
    throw invalid('every member of anyOf needs an authority, which is an https URL');
  }
  return { authority: withoutTrailingSlash(authority), condition: group(entry, budget, 1, ['authority']) };
}

/** `http` is for issuers on the same machine; which authorities are trusted is configured elsewhere. */
function isAuthority(text: string): boolean {
  return text.length <= MAX_TEXT && URL.canParse(text) && /^https?:\/\//.test(text);
}

interface Budget {
  left: number;
}

function condition(value: unknown, budget: Budget, depth: number): Condition {
  const members = record(value);
  budget.left -= 1;
  if (budget.left < 0) throw invalid(`it has more than ${MAX_CONDITIONS} conditions`);
  return members['claim'] === undefined ? group(members, budget, depth + 1) : claimCondition(members);
}

function group(members: Members, budget: Budget, depth: number, besides: readonly string[] = []): Condition {
  only(members, ['allOf', 'anyOf', ...besides]);
  if (depth > MAX_DEPTH) throw invalid(`it is nested deeper than ${MAX_DEPTH} levels`);
  const hasAll = members['allOf'] !== undefined;
  if (hasAll === (members['anyOf'] !== undefined)) throw invalid('conditions are either in allOf or in anyOf');
  const parts = list(members, hasAll ? 'allOf' : 'anyOf').map((part) => condition(part, budget, depth));
  return hasAll ? { allOf: parts } : { anyOf: parts };
}

function claimCondition(members: Members): Condition {
  const { claim, equals, condition: operator, value } = only(members, ['claim', 'equals', 'condition', 'value']);
  if (typeof claim !== 'string' || claim === '' || claim.length > MAX_TEXT) throw invalid('a claim needs a name');
  const older = operator !== undefined;
  if (older && (operator !== 'equals' || equals !== undefined)) throw invalid('equals is the only operator');
  if (!older && value !== undefined) throw invalid('a value has its condition');
  const expected = older ? value : equals;
  if (!isScalar(expected)) throw invalid('a claim is compared with a string, a number that is exact, true or false');
  const text = String(expected);
  if (text.length > MAX_TEXT) throw invalid(`a value is longer than ${MAX_TEXT} characters`);
  return { claim: claim.split('.'), equals: text };
}

/**
 * The rules of a policy that a key has. One that was taken before a rule of the grammar became stricter may have conditions
 * that are not understood: nobody can say that an environment fulfils it. Throws ReleaseRefused.
 */
export function rulesOfStored({ data }: ReleasePolicy): readonly AuthorityRule[] {
  try {
    return parseReleasePolicy(data);
  } catch (error) {
    if (!isCofferError(error, 'BadParameter')) throw error;
    throw new CofferError('ReleaseRefused', `The key cannot be released. ${error.message.split('\r\n').at(-1) ?? ''}`);
  }
}

/**
 * Whether `claims` of a verified token of `authority` fulfil one of the rules. Values are compared as text, so that "true"
 * in a policy fits the claim `true`, as in Azure; objects, lists and `null` equal nothing.
 */
export function meetsReleasePolicy(rules: readonly AuthorityRule[], authority: string, claims: Members): boolean {
  const issuer = withoutTrailingSlash(authority);
  return rules.some((rule) => rule.authority === issuer && holds(rule.condition, claims));
}

function holds(wanted: Condition, claims: Members): boolean {
  if ('allOf' in wanted) return wanted.allOf.every((part) => holds(part, claims));
  if ('anyOf' in wanted) return wanted.anyOf.some((part) => holds(part, claims));
  const value = wanted.claim.reduce<unknown>(
    (inside, name) => (isRecord(inside) && Object.hasOwn(inside, name) ? inside[name] : undefined),
    claims,
  );
  return isScalar(value) && String(value) === wanted.equals;
}

type Members = Readonly<Record<string, unknown>>;

function parseJson(bytes: Uint8Array): Members {
  try {
    return record(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    if (error instanceof CofferError) throw error;
    throw invalid('it is not JSON in base64url');
  }
}

function list(members: Members, name: string): readonly unknown[] {
  const items = members[name];
  if (!Array.isArray(items) || items.length === 0) throw invalid(`${name} must be a list that is not empty`);
  return items;
}

/** What is not understood may be a condition that its author counts on. */
function only(members: Members, known: readonly string[]): Members {
  if (Object.keys(members).some((name) => !known.includes(name))) {
    throw invalid(`beside ${known.join(', ')} it has a member that is not known there`);
  }
  return members;
}

function record(value: unknown): Members {
  if (!isRecord(value)) throw invalid('its parts must be JSON objects');
  return value;
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && isExact(value));
}

/** Of whole numbers behind 2^53 several are read as one. */
function isExact(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}

function invalid(why: string): CofferError {
  return invalidProperty('release_policy.data', `The key release policy is not valid: ${why}.`);
}
