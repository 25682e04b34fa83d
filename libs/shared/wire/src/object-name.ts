import { CofferError } from '@coffer/kernel';

/** Names of keys, secrets and certificates (azure-api d.3). */
const OBJECT_NAME = /^[0-9a-zA-Z-]{1,127}$/;
/** Object versions, made by the server. */
const OBJECT_VERSION = /^[0-9a-f]{32}$/i;

/**
 * Checks the name of a key, secret or certificate as it stands in the path. Returned as written; names compare
 * case-insensitively, so look up by `nameKey(name)`. Throws BadParameter in Azure's words.
 */
export function parseObjectName(kind: 'key' | 'secret' | 'certificate', name: string | undefined): string {
  if (name !== undefined && OBJECT_NAME.test(name)) return name;
  throw new CofferError(
    'BadParameter',
    `The request URI contains an invalid name: ${(name ?? '').slice(0, 127).replace(/[^ -~]/g, '?')}. ` +
      `A ${kind} name must match ^[0-9a-zA-Z-]+$ and be 1 to 127 characters long.`,
  );
}

/** The comparison form of a name. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/**
 * Version from the path: `undefined` means latest, otherwise 32 lower-case hex digits. Anything else cannot exist: the
 * caller answers 404, and gets it short and in printable ASCII, because a database takes no NUL and a record no line feed.
 */
export function parseObjectVersion(version: string | undefined): string | undefined {
  if (version === undefined || version === '') return undefined;
  return OBJECT_VERSION.test(version) ? version.toLowerCase() : version.slice(0, 127).replace(/[^ -~]/g, '?');
}
