import type { Operation, OperationTable } from '../operation.js';

const secret = (
  method: Operation['method'],
  paths: readonly string[],
  permission: string,
  dataAction: string,
  more: Partial<Omit<Operation, 'host'>> = {},
): Operation & { readonly host: 'vault' } => ({
  method,
  host: 'vault',
  paths,
  access: {
    plane: 'data',
    object: 'secrets',
    permission,
    dataAction: `Microsoft.KeyVault/vaults/secrets/${dataAction}`,
  },
  status: 200,
  body: 'none',
  ...more,
});

/** `/secrets` and `/deletedsecrets` of a vault host (azure-api a.2). */
export const secretOperations = {
  SecretSet: secret('PUT', ['/secrets/:name'], 'set', 'setSecret/action', { body: 'json' }),
  SecretGet: secret('GET', ['/secrets/:name', '/secrets/:name/:version'], 'get', 'getSecret/action'),
  SecretUpdate: secret('PATCH', ['/secrets/:name', '/secrets/:name/:version'], 'set', 'update/action', {
    body: 'json',
  }),
  SecretDelete: secret('DELETE', ['/secrets/:name'], 'delete', 'delete'),
  SecretList: secret('GET', ['/secrets'], 'list', 'readMetadata/action'),
  SecretListVersions: secret('GET', ['/secrets/:name/versions'], 'list', 'readMetadata/action'),
  SecretListDeleted: secret('GET', ['/deletedsecrets'], 'list', 'readMetadata/action'),
  SecretGetDeleted: secret('GET', ['/deletedsecrets/:name'], 'get', 'readMetadata/action'),
  SecretPurge: secret('DELETE', ['/deletedsecrets/:name'], 'purge', 'purge/action', { status: 204 }),
  SecretRecover: secret('POST', ['/deletedsecrets/:name/recover'], 'recover', 'recover/action'),
} as const satisfies OperationTable;
