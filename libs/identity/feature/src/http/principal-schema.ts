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

/** `appId eq '…'` or `displayName eq '…'`, alone or joined by `and`. Throws BadParameter. */
export function parsePrincipalFilter(filter: string | undefined): PrincipalFilter {
  const found: { appId?: string; displayName?: string } = {};
  for (const term of filter === undefined || filter.trim() === '' ? [] : filter.split(/\s+and\s+/i)) {
    const [, member, value] = /^\s*(appId|displayName)\s+eq\s+'([^'\p{Cc}]{1,256})'\s*$/u.exec(term) ?? [];
    if (value === undefined) throw new CofferError('BadParameter', 'The $filter is not supported.');
    found[member as keyof PrincipalFilter] = value;
  }
  return found;
}
