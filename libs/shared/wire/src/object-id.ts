export type ObjectCollection =
  'keys' | 'secrets' | 'certificates' | 'deletedkeys' | 'deletedsecrets' | 'deletedcertificates';

/**
 * The public identifier of an object: `{baseUrl}/{collection}/{name}[/{version}]`. `baseUrl` carries the port unless
 * it is 443: clients rebuild the vault's URL from it (sdk-contract, must-have 11).
 */
export function objectUri(baseUrl: string, collection: ObjectCollection, name: string, version?: string): string {
  return version === undefined ? `${baseUrl}/${collection}/${name}` : `${baseUrl}/${collection}/${name}/${version}`;
}
