import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const DATA_PLANE = 'specification/keyvault/data-plane/Microsoft.KeyVault';
/** No released client asks for a preview; this one stands for the version that it became. */
const PREVIEW = '7.6-preview.1';

/** Released versions whose descriptions are not among the files: what they are made of (the official clients' typings). */
const derived = [
  {
    version: '7.6',
    like: PREVIEW,
    added: [{ operation: 'GetKeyAttestation', method: 'GET', path: '/keys/{key-name}/{key-version}/attestation' }],
  },
  { version: '2025-07-01', like: '7.6', added: [] },
];

/**
 * Every operation on keys with the api-versions in which Azure's descriptions have it.
 * `root` is a checkout of the descriptions: the directory that holds `specification/`.
 */
export function readOperations(root) {
  const described = readdirSync(path.join(root, DATA_PLANE, 'stable')).filter((version) => fileOf(root, version));
  const byVersion = new Map([...described, PREVIEW].map((version) => [version, operationsOf(fileOf(root, version))]));
  for (const { version, like, added } of derived) {
    if (!byVersion.has(version)) byVersion.set(version, [...byVersion.get(like), ...added]);
  }
  byVersion.delete(PREVIEW);
  const versions = [...byVersion.keys()].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
  const operations = new Map();
  for (const version of versions) {
    for (const { operation, method, path: at } of byVersion.get(version)) {
      const known = operations.get(operation) ?? { operation, method, path: at, versions: [] };
      known.versions.push(version);
      operations.set(operation, known);
    }
  }
  return { versions, operations: [...operations.values()] };
}

/** 2016-10-01 came first, then the numbered versions, then dated ones again. */
function placeOf(version) {
  if (version.startsWith('2016')) return 0;
  return version.startsWith('7.') ? 1 + Number(version.slice(2)) : Number.MAX_SAFE_INTEGER;
}

function fileOf(root, version) {
  const folder = path.join(root, DATA_PLANE, version.includes('preview') ? 'preview' : 'stable', version);
  return [path.join(folder, 'keys.json'), path.join(folder, 'keyvault.json')].find((file) => existsSync(file));
}

function operationsOf(file) {
  const { paths, 'x-ms-paths': more = {} } = JSON.parse(readFileSync(file, 'utf8'));
  return Object.entries({ ...paths, ...more })
    .filter(([at]) => /^\/(keys|deletedkeys|rng)(\/|$)/.test(at))
    .flatMap(([at, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => ({
        operation: operationId[0].toUpperCase() + operationId.slice(1),
        method: method.toUpperCase(),
        path: at,
      })),
    );
}
