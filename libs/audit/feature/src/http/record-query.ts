import { MAX_TERM } from '@coffer/audit-domain';
import { CofferError } from '@coffer/kernel';
import { z } from 'zod';
import type { RecordQuery } from '../application/audit-record-list.js';

const DEFAULT_TOP = 100;
const MAX_TOP = 1000;

const ISO_TIME = /^[12]\d{3}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;
const UNIX_SECONDS = /^\d{1,11}$/;

const text = z.string().min(1, 'Must not be empty.').max(MAX_TERM, `At most ${MAX_TERM} characters.`);
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `Must be an integer from ${min} to ${max}.`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `Must be an integer from ${min} to ${max}.`);
/** Milliseconds since the epoch. */
const time = z.string().transform((value, context) => {
  const milliseconds = UNIX_SECONDS.test(value) ? Number(value) * 1000 : ISO_TIME.test(value) ? Date.parse(value) : NaN;
  if (!Number.isNaN(milliseconds)) return milliseconds;
  context.addIssue('Must be an ISO 8601 time with a zone, a date, or Unix seconds.');
  return z.NEVER;
});

const filterShape = {
  vault: text.regex(/^[0-9a-zA-Z-]{1,64}$/, 'Must be the name or the id of a vault.').optional(),
  object: text.optional(),
  principal: text.optional(),
  operation: text.regex(/^[0-9a-zA-Z]+$/, 'Must be an operation name.').optional(),
  result: z.enum(['Success', 'Failure'], 'Must be Success or Failure.').optional(),
  status: integer(100, 599).optional(),
  from: time.optional(),
  to: time.optional(),
};

const querySchema = z
  .object({
    ...filterShape,
    top: integer(1, MAX_TOP).default(DEFAULT_TOP),
    order: z.enum(['asc', 'desc'], 'Must be asc or desc.').default('desc'),
    'api-version': z.string().optional(),
    $skiptoken: z.string().optional(),
  })
  // A misspelt filter that is ignored would answer a wider question than was asked.
  .strict()
  .refine((query) => query.from === undefined || query.to === undefined || query.from < query.to, {
    path: ['to'],
    message: 'Must be later than from.',
  });

/** The query parameters of `GET /records`. Throws BadParameter that names the parameter. */
export function parseRecordQuery(parameters: Readonly<Record<string, string | undefined>>): RecordQuery {
  const result = querySchema.safeParse(parameters);
  if (!result.success) throw badParameter(result.error.issues[0]);
  const { top, order } = result.data;
  const given = filterNames.flatMap((name) => {
    const value = result.data[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { filter: Object.fromEntries(given), order, top };
}

/** The query parameters of `GET /stream`: the filters, and `lastEventId`. Throws BadParameter. */
export function parseStreamQuery(parameters: Readonly<Record<string, string | undefined>>): {
  readonly filter: RecordQuery['filter'];
  readonly lastEventId: number | undefined;
} {
  const { lastEventId, ...filters } = parameters;
  if (lastEventId !== undefined && !/^\d{1,15}$/.test(lastEventId)) {
    throw new CofferError(
      'BadParameter',
      'Query parameter lastEventId has invalid value\r\nMust be the id of an event.',
    );
  }
  for (const name of ['top', 'order', '$skiptoken']) {
    if (filters[name] !== undefined) {
      throw new CofferError(
        'BadParameter',
        `Query parameter ${name} has invalid value\r\nNot a parameter of this operation.`,
      );
    }
  }
  return {
    filter: parseRecordQuery(filters).filter,
    lastEventId: lastEventId === undefined ? undefined : Number(lastEventId),
  };
}

export const filterNames = Object.keys(filterShape) as (keyof typeof filterShape)[];

function badParameter(issue: z.core.$ZodIssue | undefined): CofferError {
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const name = (unknown ?? issue?.path.map(String).join('.') ?? '').slice(0, 100).replace(/[^ -~]/g, '?');
  const message = unknown === undefined ? (issue?.message ?? 'Invalid value.') : 'Not a parameter of this operation.';
  return new CofferError('BadParameter', `Query parameter ${name} has invalid value\r\n${message}`);
}
