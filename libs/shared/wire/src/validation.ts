import { CofferError } from '@coffer/kernel';

/** The part of a schema library's result that this module needs (zod 4 fits). */
interface SchemaIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}
interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly SchemaIssue[] } };
}

/**
 * Checks a request body against its schema. Unknown members are ignored, as Azure does (azure-api 0.1).
 * Throws BadParameter that names the member, never its value.
 */
export function parseBody<T>(schema: Schema<T>, body: unknown): T {
  if (body === undefined) throw new CofferError('BadParameter', 'The request body is missing or empty.');
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const member =
    issue === undefined || issue.path.length === 0 ? 'request body' : issue.path.map(String).join('.').slice(0, 200);
  throw new CofferError('BadParameter', `Property ${member} has invalid value\r\n${wordsOf(issue)}`);
}

/** Callers do not speak JavaScript: what is `undefined` there, or `null`, is missing here. */
function wordsOf(issue: SchemaIssue | undefined): string {
  if (issue === undefined) return 'Invalid value.';
  return /received (undefined|null)$/.test(issue.message) ? 'A value is required.' : issue.message;
}
