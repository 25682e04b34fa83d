/**
 * `npm run compatibility`: docs/compatibility.md from docs/compatibility.json and operations.json.
 * `… -- collect`: first takes over what the contract specs recorded in their last run.
 * `… -- operations <directory>`: first reads operations.json anew from Azure's OpenAPI descriptions.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { readOperations } from './operations.mjs';
import { collectResults } from './results.mjs';
import { compatibilityDocument } from './table.mjs';

const operationsFile = new URL('operations.json', import.meta.url);
const resultsFile = new URL('../../docs/compatibility.json', import.meta.url);
const store = async (file, value) => {
  const options = { ...(await resolveConfig(file)), parser: 'json' };
  writeFileSync(file, await format(JSON.stringify(value, undefined, 2), options));
};
const load = (file) => JSON.parse(readFileSync(file, 'utf8'));

const [command, directory] = process.argv.slice(2);
if (command === 'operations') await store(operationsFile, readOperations(directory));
if (command === 'collect') await store(resultsFile, collectResults());
const document = compatibilityDocument(load(operationsFile), load(resultsFile));
writeFileSync(new URL('../../docs/compatibility.md', import.meta.url), document);
