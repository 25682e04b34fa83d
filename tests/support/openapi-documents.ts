import { readFileSync } from 'node:fs';

export type Json = Readonly<Record<string, unknown>>;
export type Plane = 'data' | 'arm';

const ROOT = new URL('../openapi/specification/keyvault/', import.meta.url);
const DATA = 'data-plane/Microsoft.KeyVault';
const ARM = 'resource-manager/Microsoft.KeyVault/stable';

/** The descriptions that tests/openapi holds, by api-version, oldest first. */
const files: Readonly<Record<Plane, readonly (readonly [version: string, files: readonly string[]])[]>> = {
  data: [
    ['2016-10-01', [`${DATA}/stable/2016-10-01/keyvault.json`]],
    ['7.0', [`${DATA}/stable/7.0/keyvault.json`]],
    ...['7.1', '7.2', '7.3', '7.4', '7.5'].map(
      (v) => [v, [`${DATA}/stable/${v}/keys.json`, `${DATA}/stable/${v}/secrets.json`]] as const,
    ),
    ['7.6-preview.1', [`${DATA}/preview/7.6-preview.1/keys.json`, `${DATA}/preview/7.6-preview.1/secrets.json`]],
  ],
  arm: ['2016-10-01', '2019-09-01', '2021-10-01', '2023-07-01'].map((v) => [v, [`${ARM}/${v}/keyvault.json`]] as const),
};

export interface Documents {
  /** The described version that stands for the asked one. */
  readonly version: string;
  readonly urls: readonly URL[];
}

/**
 * The descriptions of an api-version. One that has none (7.6, 2025-07-01, …) is held against the newest that is not
 * newer: versions only add members and operations. Throws when even the oldest is newer.
 */
export function documentsFor(plane: Plane, apiVersion: string): Documents {
  const found = files[plane].findLast(([version]) => age(plane, version) <= age(plane, apiVersion));
  if (found === undefined) throw new Error(`no description of ${plane} plane, api-version ${apiVersion}`);
  return { version: found[0], urls: found[1].map((file) => new URL(file, ROOT)) };
}

/** A sort key. The data plane counted 2015-…, 2016-10-01, 7.0 … 7.6, 2025-…; a preview comes before its version. */
function age(plane: Plane, apiVersion: string): string {
  const numbered = plane === 'data' && /^\d\./.test(apiVersion);
  return `${numbered ? '2020' : ''}${apiVersion.includes('-preview') ? apiVersion : `${apiVersion}-z`}`;
}

const loaded = new Map<string, Json>();

export function loadDocument(url: URL): Json {
  const known = loaded.get(url.href) ?? (JSON.parse(readFileSync(url, 'utf8')) as Json);
  loaded.set(url.href, known);
  return known;
}

/** What a `$ref` in `document` points to: `#/definitions/x` or `other.json#/definitions/x`. */
export function resolveRef(ref: string, document: URL): { url: URL; value: Json } {
  const url = new URL(ref, document);
  const pointer = decodeURIComponent(url.hash.slice(1)).split('/').slice(1);
  url.hash = '';
  const value = pointer.reduce<unknown>((node, part) => {
    return (node as Json | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }, loadDocument(url));
  if (value === undefined) throw new Error(`${ref} in ${document.href} points nowhere`);
  return { url, value: value as Json };
}
