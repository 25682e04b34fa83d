import { resolveRef, type Json } from './openapi-documents.js';

/** A JSON schema (draft 4) that stands alone: what it refers to is in its `definitions`. */
export type Schema = Readonly<Record<string, unknown>> & { readonly definitions: Record<string, Json> };

/** Keywords with the same meaning in Swagger 2.0 and JSON schema draft 4; others (readOnly, discriminator, x-…) say nothing about a response. */
const kept = new Set([
  'type', 'format', 'enum', 'required', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum',
  'multipleOf', 'minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems',
]); // prettier-ignore

const known = new WeakMap<Json, Schema>();

/** Turns a Swagger 2.0 schema of the document at `url` into a JSON schema; the same object for the same schema. */
export function toJsonSchema(schema: Json, url: URL): Schema {
  const definitions: Record<string, Json> = {};
  const converted = known.get(schema) ?? { ...convert(schema, url, definitions), definitions };
  known.set(schema, converted);
  return converted;
}

function convert(schema: Json, url: URL, definitions: Record<string, Json>): Json {
  if (typeof schema['$ref'] === 'string') return convertRef(schema['$ref'], url, definitions);
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (kept.has(keyword) && !(keyword === 'enum' && isOpen(schema))) result[keyword] = value;
    if (keyword === 'properties') result[keyword] = convertMembers(value as Json, url, definitions);
    if (keyword === 'items') result[keyword] = convert(value as Json, url, definitions);
    if (keyword === 'allOf') result[keyword] = (value as Json[]).map((part) => convert(part, url, definitions));
    if (keyword === 'additionalProperties') {
      result[keyword] = typeof value === 'boolean' ? value : convert(value as Json, url, definitions);
    }
  }
  // Swagger files leave `type: object` out; without it a schema would accept a string, too.
  if (result['type'] === undefined && (schema['properties'] ?? schema['allOf']) !== undefined)
    result['type'] = 'object';
  return schema['x-nullable'] === true ? nullable(result) : result;
}

/** Permission names are echoed as they were written; `all` was accepted long before the lists named it (azure-api c.3). */
function isOpen(schema: Json): boolean {
  const named = schema['x-ms-enum'] as { readonly name?: string } | undefined;
  return named?.name?.endsWith('Permissions') === true;
}

function convertMembers(members: Json, url: URL, definitions: Record<string, Json>): Json {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => {
      const converted = convert(member as Json, url, definitions);
      // Azure ends a list with `nextLink: null`, which no description says.
      return [name, name === 'nextLink' ? nullable(converted) : converted];
    }),
  );
}

function convertRef(ref: string, document: URL, definitions: Record<string, Json>): Json {
  const { url, value } = resolveRef(ref, document);
  const name = `${url.pathname.split('/').at(-1) ?? ''}:${ref.split('/').at(-1) ?? ''}`;
  if (definitions[name] === undefined) {
    definitions[name] = {}; // before its conversion: definitions refer to themselves
    definitions[name] = convert(value, url, definitions);
  }
  return { $ref: `#/definitions/${name}` };
}

function nullable(schema: Json): Json {
  return { anyOf: [schema, { type: 'null' }] };
}

/** Paths of members that the schema does not declare, where it declares members at all. */
export function undeclared(schema: Json, value: unknown, definitions: Schema['definitions'], path = ''): string[] {
  if (Array.isArray(value)) {
    const { items } = flatten(schema, definitions);
    return items === undefined ? [] : value.flatMap((item) => undeclared(items, item, definitions, `${path}[]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  const { members, open } = flatten(schema, definitions);
  if (open) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const declared = members[name];
    return declared === undefined ? [at] : undeclared(declared as Json, member, definitions, at);
  });
}

interface Shape {
  readonly members: Json;
  /** Takes any member: a map, or an object of which nothing is said. */
  readonly open: boolean;
  readonly items: Json | undefined;
}

/** What a schema declares, through its references, `allOf` and the `anyOf` of a nullable. */
function flatten(schema: Json, definitions: Schema['definitions']): Shape {
  const ref = schema['$ref'];
  if (typeof ref === 'string') return flatten(definitions[ref.slice('#/definitions/'.length)] ?? {}, definitions);
  const parts = [...((schema['allOf'] ?? schema['anyOf'] ?? []) as Json[])]
    .filter((part) => part['type'] !== 'null')
    .map((part) => flatten(part, definitions));
  const own = (schema['properties'] ?? {}) as Json;
  const map = schema['additionalProperties'] !== undefined && schema['additionalProperties'] !== false;
  const says = schema['properties'] !== undefined || parts.some((part) => !part.open);
  return {
    members: Object.assign({}, ...parts.map((part) => part.members), own) as Json,
    open: map || !says,
    items: (schema['items'] as Json | undefined) ?? parts.find((part) => part.items !== undefined)?.items,
  };
}
