import { CofferError } from '@coffer/kernel';
import { parseBody } from '@coffer/wire';
import { z } from 'zod';
import type { PasswordRequest } from '../application/principals.js';

const create = z.object({ displayName: z.string().max(1000), appId: z.guid().nullish() });
const time = z.iso.datetime({ offset: true }).nullish();
const add = z.object({
  passwordCredential: z
    .object({ displayName: z.string().max(256).nullish(), startDateTime: time, endDateTime: time })
    .nullish(),
});
const remove = z.object({ keyId: z.guid() });

export function parsePrincipal(body: unknown): { readonly displayName: string; readonly appId?: string } {
  const { displayName, appId } = parseBody(create, body);
  return { displayName, ...(appId === null || appId === undefined ? {} : { appId }) };
}

export function parsePassword(body: unknown): PasswordRequest {
  const asked = parseBody(add, body ?? {}).passwordCredential ?? {};
  return {
    displayName: asked.displayName ?? undefined,
    startDateTime: asked.startDateTime ?? undefined,
    endDateTime: asked.endDateTime ?? undefined,
  };
}

export function parseKeyId(body: unknown): string {
  return parseBody(remove, body).keyId.toLowerCase();
}

export interface PrincipalFilter {
  readonly appId?: string;
  readonly displayName?: string;
}

/** One comparison (OData 4.01, 5.1.1.6): a quote inside the value is doubled. */
const TERM = String.raw`(appId|displayName)\s+eq\s+'((?:[^'\p{Cc}]|''){1,256})'`;
const FILTER = new RegExp(String.raw`^\s*${TERM}(?:\s+[aA][nN][dD]\s+${TERM})?\s*$`, 'u');

/** `appId eq '…'` or `displayName eq '…'`, alone or joined by `and`. Throws BadParameter. */
export function parsePrincipalFilter(filter: string | undefined): PrincipalFilter {
  if (filter === undefined || filter.trim() === '') return {};
  const [, first, firstValue, second, secondValue] = FILTER.exec(filter) ?? [];
  if (first === undefined || first === second) throw new CofferError('BadParameter', 'The $filter is not supported.');
  return { ...term(first, firstValue), ...term(second, secondValue) };
}

function term(member: string | undefined, value = ''): PrincipalFilter {
  return member === undefined ? {} : { [member]: value.replaceAll("''", "'") };
}
