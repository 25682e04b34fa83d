import { objectUri, parseObjectName, parseObjectVersion, type VaultRequestContext } from '@coffer/wire';

/** The key that the path names, noted in the audit record. Throws BadParameter for a name that cannot exist. */
export function addressed({ params, baseUrl, audit }: VaultRequestContext): {
  readonly name: string;
  readonly version: string | undefined;
} {
  const name = parseObjectName('key', params['name']);
  const version = parseObjectVersion(params['version']);
  audit.describe({ id: objectUri(baseUrl, 'keys', name, version) });
  return { name, version };
}

/** Notes a new version in the audit record as soon as it has an id. */
export function announcing({ baseUrl, audit }: VaultRequestContext, name: string): (version: string) => void {
  return (version) => {
    audit.describe({ id: objectUri(baseUrl, 'keys', name, version) });
  };
}
