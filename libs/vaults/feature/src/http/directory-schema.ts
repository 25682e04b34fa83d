import { parseBody, resourceTagsSchema } from '@coffer/wire';
import { z } from 'zod';

const subscription = z.object({
  displayName: z
    .string()
    .max(200)
    .regex(/^\P{Cc}*$/u),
});
const group = z.object({
  location: z.string().min(1).max(100),
  tags: resourceTagsSchema,
});

export function parseSubscription(body: unknown): { readonly displayName: string } {
  return parseBody(subscription, body);
}

export function parseResourceGroup(body: unknown): {
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
} {
  const { location, tags } = parseBody(group, body);
  return { location, tags: tags ?? {} };
}

/** `$filter` of the `resources` list: the type of vaults, perhaps with a name. `undefined`: no vault can pass it. */
export function parseResourceFilter(filter: string | undefined): { readonly name?: string } | undefined {
  if (filter === undefined || filter.trim() === '') return {};
  let name: string | undefined;
  for (const term of filter.split(/\s+and\s+/i)) {
    const [, member, value] = /^\s*(\w+)\s+eq\s+'([^'\p{Cc}]{0,200})'\s*$/iu.exec(term) ?? [];
    if (member?.toLowerCase() === 'resourcetype' && value?.toLowerCase() === 'microsoft.keyvault/vaults') continue;
    if (member?.toLowerCase() !== 'name' || value === undefined) return undefined;
    name = value;
  }
  return name === undefined ? {} : { name };
}
