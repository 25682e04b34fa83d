import { SecretBytes } from '@coffer/kernel';
import { datesOf, intDate, parseBody, tagsSchema } from '@coffer/wire';
import { z } from 'zod';
import type { SetSecret } from '../application/secret-set.js';
import type { UpdateSecret } from '../application/secret-update.js';

/** azure-api d.3: 25 KB in UTF-8. */
const MAX_VALUE_BYTES = 25_600;
const MAX_CONTENT_TYPE_LENGTH = 255;
const MAX_TAG_LENGTH = 512;

/** Members that both requests share; `null` counts as absent. */
const changeable = {
  contentType: z.string().max(MAX_CONTENT_TYPE_LENGTH).nullish(),
  attributes: z.object({ enabled: z.boolean().nullish(), nbf: intDate, exp: intDate }).nullish(),
  tags: tagsSchema(MAX_TAG_LENGTH),
};

const value = z
  .string()
  .refine((text) => Buffer.byteLength(text, 'utf8') <= MAX_VALUE_BYTES, {
    error: `The value of a secret must not be longer than ${MAX_VALUE_BYTES} bytes.`,
  })
  // A lone surrogate has no UTF-8 form: what is read back would be another value.
  .refine((text) => text.isWellFormed(), { error: 'The value is not well-formed Unicode text.' });

const setSchema = z.object({ value, ...changeable });
const updateSchema = z.object(changeable);

/** Body of SetSecret (azure-api a.2, `SecretSetParameters`); the caller destroys the value. Throws BadParameter. */
export function parseSet(body: unknown, name: string): SetSecret {
  const parsed = parseBody(setSchema, body);
  const { nbf, exp } = datesOf(parsed.attributes);
  return {
    name,
    value: SecretBytes.fromUtf8(parsed.value),
    contentType: parsed.contentType ?? undefined,
    tags: parsed.tags ?? undefined,
    enabled: parsed.attributes?.enabled ?? true,
    ...(nbf === undefined ? {} : { nbf }),
    ...(exp === undefined ? {} : { exp }),
  };
}

/** Body of UpdateSecret (`SecretUpdateParameters`): what is absent stays as it is. Throws BadParameter. */
export function parseUpdate(body: unknown, name: string, version: string | undefined): UpdateSecret {
  const parsed = parseBody(updateSchema, body);
  return {
    name,
    version,
    enabled: parsed.attributes?.enabled ?? undefined,
    ...datesOf(parsed.attributes),
    contentType: parsed.contentType ?? undefined,
    tags: parsed.tags ?? undefined,
  };
}
