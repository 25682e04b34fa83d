import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOperations } from './operations.mjs';
import { clientsPinned } from './results.mjs';
import { cell, compatibilityDocument, type ClientResults, type Operation } from './table.mjs';

const root = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const operations = JSON.parse(read('tools/compatibility/operations.json')) as ReturnType<typeof readOperations>;
const results = JSON.parse(read('docs/compatibility.json')) as {
  readonly clients: Readonly<Record<string, ClientResults>>;
};
const document = read('docs/compatibility.md');

describe('docs/compatibility.md', () => {
  it('is what `npm run compatibility` makes of the results', () => {
    expect(document).toBe(compatibilityDocument(operations, results));
  });

  it('has a row for every operation and client, and no empty cell', () => {
    const rows = document.split('\n').filter((line) => /^\| `(GET|PUT|POST|PATCH|DELETE) /.test(line));

    expect(rows).toHaveLength(operations.operations.length * Object.keys(clientsPinned()).length);
    for (const row of rows) {
      const cells = row.slice(1, -1).split('|');
      expect(cells).toHaveLength(operations.versions.length + 2);
      for (const text of cells.slice(2)) expect(text.trim()).toMatch(/^(tested(: .+)?|not in this version)$/);
    }
  });

  it('knows every operation on keys of the descriptions', () => {
    expect(readOperations(fileURLToPath(new URL('tests/openapi', root)))).toEqual(operations);
    expect(operations.operations).toHaveLength(25);
  });

  it('would know those of a version that is new among the descriptions', async () => {
    const copy = await mkdtemp(path.join(tmpdir(), 'coffer-openapi-'));
    try {
      await cp(new URL('tests/openapi', root), copy, { recursive: true });
      const folder = path.join(copy, 'specification/keyvault/data-plane/Microsoft.KeyVault/stable/7.7');
      await mkdir(folder);
      const get = { operationId: 'brandNew' };
      await writeFile(path.join(folder, 'keys.json'), JSON.stringify({ paths: { '/keys/new': { get } } }));
      const found = readOperations(copy);

      expect(found.versions).toEqual([...operations.versions.slice(0, -1), '7.7', operations.versions.at(-1)]);
      const added = { operation: 'BrandNew', method: 'GET', path: '/keys/new', versions: ['7.7'] };
      expect(found.operations.find(({ operation }) => operation === 'BrandNew')).toEqual(added);
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  it('names the clients that are pinned, and specs that exist', () => {
    for (const [id, pinned] of Object.entries(clientsPinned())) expect(results.clients[id]).toMatchObject(pinned);
    const specs = Object.values(results.clients).flatMap(({ runs }) => Object.keys(runs));

    expect(specs.length).toBeGreaterThan(2);
    for (const spec of specs) expect(existsSync(new URL(`tests/contract/${spec}`, root))).toBe(true);
  });
});

describe('a cell', () => {
  const operation: Operation = {
    operation: 'GetKey',
    method: 'GET',
    path: '/keys/{key-name}',
    versions: ['7.0', '7.1'],
  };
  const attestation = { ...operation, operation: 'GetKeyAttestation' };

  it.each([
    ['7.1', 'tested'],
    ['2016-10-01', 'not in this version'],
  ])('of %s says: %s', (version, text) => {
    expect(cell(operation, version, { spec: { '7.1': { done: ['GetKey'], refused: [] } } })).toBe(text);
  });

  it('cannot be made without a result, or of a refusal', () => {
    expect(() => cell(operation, '7.0', {})).toThrow('no result of GetKey, api-version 7.0');
    const refused = { spec: { '7.0': { done: [], refused: ['GetKey', 'GetKeyAttestation'] } } };
    expect(() => cell(operation, '7.0', refused)).toThrow('no result of GetKey');
    expect(cell(attestation, '7.0', refused)).toBe('tested: refused, no managed HSM');
  });
});
