import { existsSync, readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const read = (file) => readFileSync(new URL(file, root), 'utf8');

/** Where the specs leave what they did, a file for each spec, client and version; gitignored. */
export const recorded = new URL('coverage/compatibility/', root);

/** The clients as they are pinned. */
export function clientsPinned() {
  const js = JSON.parse(read('package.json')).devDependencies['@azure/keyvault-keys'];
  const python = /^azure-keyvault-keys==(\S+)/m.exec(read('tests/contract/python/requirements.txt'))[1];
  return {
    js: { name: 'JavaScript', client: `@azure/keyvault-keys ${js}` },
    python: { name: 'Python', client: `azure-keyvault-keys ${python}` },
    pythonAsync: { name: 'Python, asynchronous', client: `azure-keyvault-keys ${python} (aio)` },
  };
}

/** What the specs recorded last, in the form of docs/compatibility.json. */
export function collectResults() {
  const clients = Object.fromEntries(Object.entries(clientsPinned()).map(([id, of]) => [id, { ...of, runs: {} }]));
  const files = existsSync(recorded) ? readdirSync(recorded).sort() : [];
  for (const file of files) {
    const { client, spec, version, done, refused } = JSON.parse(readFileSync(new URL(file, recorded), 'utf8'));
    const runs = clients[client].runs;
    runs[spec] = { ...runs[spec], [version]: { done, refused } };
  }
  return { clients };
}
