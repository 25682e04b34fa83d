import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

type SchemaName = 'audit-event' | 'key-notification';

/** What is wrong with a message by the published schema of its topic; empty when nothing is. */
export function schemaFaults(name: SchemaName, message: unknown): string[] {
  const file = new URL(`../../libs/contracts/schemas/${name}.v1.schema.json`, import.meta.url);
  const ajv = new Ajv2020({ allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
  return validate(message)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message: text = '' }) => `${instancePath} ${text}`);
}
