import ajvDraft04 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { documentsFor, loadDocument, type Json, type Plane } from './openapi-documents.js';
import { toJsonSchema, undeclared, type Schema } from './openapi-schema.js';

export interface OpenApiValidator {
  /** The described api-version that responses are held against. */
  readonly version: string;
  /** What is wrong with a response; empty when it is as described. `path` may carry a query; `body` is parsed JSON, undefined for none. */
  readonly validate: (method: string, path: string, status: number, body: unknown) => string[];
  /** Members that the description does not declare, as `unknown: attributes.colour`. Azure's clients tolerate them. */
  readonly unknown: (method: string, path: string, status: number, body: unknown) => string[];
}

interface DescribedOperation {
  readonly pattern: RegExp;
  /** Fixed segments: `/keys/{n}/versions` is meant before `/keys/{n}/{v}`. */
  readonly literals: number;
  readonly responses: Readonly<Record<string, { readonly schema?: Json }>>;
  readonly url: URL;
}

/** Every refusal has this shape (azure-api d.1); the descriptions require no member at all, or leave refusals out. */
const refusal = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string', minLength: 1 }, message: { type: 'string', minLength: 1 } },
    },
  },
};

/** Holds responses against Azure's published descriptions of an api-version. */
export function openApiValidator(plane: Plane, apiVersion: string): OpenApiValidator {
  const { version, urls } = documentsFor(plane, apiVersion);
  const operations = urls.flatMap(operationsOf).sort((a, b) => b.literals - a.literals);
  const find = (method: string, path: string, status: number) => {
    const at = `${method.toUpperCase()} ${normalPath(path)}`;
    const operation = operations.find(({ pattern }) => pattern.test(at));
    if (operation === undefined) return { error: `${at} is not an operation of ${version}` };
    const { responses, url } = operation;
    const response = responses[status] ?? (status >= 400 ? (responses['default'] ?? {}) : undefined);
    if (response === undefined) return { error: `${at}: status ${status} is not declared in ${version}` };
    return { schema: response.schema === undefined ? undefined : toJsonSchema(response.schema, url) };
  };
  return {
    version,
    validate: (method, path, status, body) => {
      const { error, schema } = find(method, path, status);
      if (error !== undefined) return [error];
      const errors = status >= 400 ? check(refusal, body) : [];
      if (schema !== undefined) return [...new Set([...errors, ...check(schema, body)])];
      return status < 400 && body !== undefined ? ['there is a body, but none is declared'] : errors;
    },
    unknown: (method, path, status, body) => {
      const { schema } = find(method, path, status);
      return schema === undefined ? [] : undeclared(schema, body, schema.definitions).map((at) => `unknown: ${at}`);
    },
  };
}

function operationsOf(url: URL): DescribedOperation[] {
  const document = loadDocument(url);
  const paths = { ...(document['paths'] as Json), ...(document['x-ms-paths'] as Json | undefined) };
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods as Json).map(([method, operation]) => ({
      ...patternOf(method, normalPath(template)),
      responses: (operation as Pick<DescribedOperation, 'responses'>).responses,
      url,
    })),
  );
}

/** `{key-version}` may be empty or left out: then the newest version is meant. */
function patternOf(method: string, template: string): { pattern: RegExp; literals: number } {
  const segments = template.split('/').slice(1);
  const source = segments
    .map((segment) => {
      if (/^\{.*-version\}$/.test(segment)) return '(?:/[^/]*)?';
      return segment.startsWith('{') ? '/[^/]+' : `/${segment.replaceAll('.', '\\.')}`;
    })
    .join('');
  return {
    pattern: new RegExp(`^${method.toUpperCase()} ${source}$`, 'i'),
    literals: segments.filter((segment) => !segment.startsWith('{')).length,
  };
}

function normalPath(path: string): string {
  const [bare = ''] = path.split('?');
  return `/${bare.split('/').filter(Boolean).join('/')}`;
}

const ajv = new ajvDraft04.default({ strict: false, allErrors: true, validateSchema: false });
addFormats.default(ajv, ['date-time', 'uuid', 'byte', 'int32', 'int64', 'uri']);
ajv.addFormat('base64url', /^[A-Za-z0-9_-]*$/);
ajv.addFormat('unixtime', { type: 'number', validate: (value) => Number.isInteger(value) && value >= 0 });

function check(schema: Schema | typeof refusal, body: unknown): string[] {
  const validate = ajv.compile(schema);
  if (validate(body)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || '/'} ${message ?? ''}`);
}
