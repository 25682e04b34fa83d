import { z } from 'zod';

const MAX_TAGS = 15;
/** End of the year 9999 in Unix seconds. */
const LAST_SECOND = 253_402_300_799;

/** Schema of an IntDate: whole Unix seconds. `null` counts as absent. */
export const intDate = z.int().min(0).max(LAST_SECOND).nullish();

/** Schema of a map of tags (azure-api d.3) whose names and values have at most `maxLength` characters. */
export function tagsSchema(maxLength: number) {
  const text = z.string().max(maxLength);
  const tags = z
    .record(text, text)
    .refine((map) => Object.keys(map).length <= MAX_TAGS, { error: `There may be at most ${MAX_TAGS} tags.` });
  return losingNone(tags.nullish());
}

/** Schema of the tags of a resource (ARM), whose bounds the domain knows. */
export const resourceTagsSchema = losingNone(z.record(z.string(), z.string()).nullish());

/** As a member of an object `__proto__` would be its prototype, and get lost: a map that has it is refused. */
function losingNone<T extends z.ZodType>(map: T) {
  return z
    .unknown()
    .refine((tags) => !Object.hasOwn(Object(tags) as object, '__proto__'), { error: 'No tag can be named __proto__.' })
    .pipe(map)
    .optional();
}

/** The dates of a parsed `attributes` member; absent and `null` become `undefined`. */
export function datesOf(
  attributes: { readonly nbf?: number | null | undefined; readonly exp?: number | null | undefined } | null | undefined,
): { readonly nbf: number | undefined; readonly exp: number | undefined } {
  return { nbf: attributes?.nbf ?? undefined, exp: attributes?.exp ?? undefined };
}
