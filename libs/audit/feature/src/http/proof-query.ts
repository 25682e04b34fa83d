import { CofferError } from '@coffer/kernel';
import { z } from 'zod';

const number = z
  .string()
  .regex(/^\d{1,15}$/, 'Must be a whole number.')
  .transform(Number)
  .optional();
const shape = {
  index: number,
  treeSize: number,
  from: number,
  to: number,
  recordId: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,64}$/, 'Must be the id of a record.')
    .optional(),
};
type Query = { readonly [K in keyof typeof shape]?: z.output<(typeof shape)[K]> };

/** The named query parameters. Throws BadParameter that names the one at fault; one of `index` and `recordId` is needed where they are known. */
export function parseProofQuery(
  parameters: Readonly<Record<string, string | undefined>>,
  names: readonly (keyof typeof shape)[],
): Query {
  const known = Object.fromEntries(names.map((name) => [name, shape[name]]));
  const schema = z.strictObject({ ...known, 'api-version': z.string().optional() });
  const result = schema.safeParse(parameters);
  if (!result.success) {
    const [issue] = result.error.issues;
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const name = (unknown ?? issue?.path.map(String).join('.') ?? '').slice(0, 100).replace(/[^ -~]/g, '?');
    throw new CofferError(
      'BadParameter',
      `Query parameter ${name} has invalid value\r\n${unknown === undefined ? (issue?.message ?? '') : 'Not a parameter of this operation.'}`,
    );
  }
  const query = result.data as Query;
  if (names.includes('index') && (query.index === undefined) === (query.recordId === undefined)) {
    throw new CofferError('BadParameter', 'Query parameter index has invalid value\r\nGive index or recordId.');
  }
  return query;
}
