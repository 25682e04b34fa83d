import type { Operation, OperationTable } from '../operation.js';

type VaultOperation = Operation & { readonly host: 'vault' };

const storage =
  (dataActionOf: string) =>
  (method: Operation['method'], path: string, permission: string, action: string): VaultOperation => ({
    method,
    host: 'vault',
    paths: [path],
    access: {
      plane: 'data',
      object: 'storage',
      permission,
      dataAction: `Microsoft.KeyVault/vaults/${dataActionOf}/${action}`,
    },
    status: 200,
    // Whatever it holds, the answer is the same.
    body: 'none',
  });

const account = storage('storageaccounts');
const sas = storage('storageaccounts/sas');

/** `/storage` of a vault host (azure-api a.4): managed storage accounts, which Azure has retired. */
export const storageOperations = {
  StorageAccountList: account('GET', '/storage', 'list', 'read'),
  StorageAccountDelete: account('DELETE', '/storage/:account', 'delete', 'delete'),
  StorageAccountGet: account('GET', '/storage/:account', 'get', 'read'),
  StorageAccountSet: account('PUT', '/storage/:account', 'set', 'set/action'),
  StorageAccountUpdate: account('PATCH', '/storage/:account', 'update', 'set/action'),
  StorageAccountRegenerateKey: account(
    'POST',
    '/storage/:account/regeneratekey',
    'regeneratekey',
    'regeneratekey/action',
  ),
  StorageAccountBackup: account('POST', '/storage/:account/backup', 'backup', 'backup/action'),
  StorageAccountRestore: account('POST', '/storage/restore', 'restore', 'restore/action'),
  SasDefinitionList: sas('GET', '/storage/:account/sas', 'listsas', 'read'),
  SasDefinitionDelete: sas('DELETE', '/storage/:account/sas/:definition', 'deletesas', 'delete'),
  SasDefinitionGet: sas('GET', '/storage/:account/sas/:definition', 'getsas', 'read'),
  SasDefinitionSet: sas('PUT', '/storage/:account/sas/:definition', 'setsas', 'set/action'),
  SasDefinitionUpdate: sas('PATCH', '/storage/:account/sas/:definition', 'setsas', 'set/action'),
  StorageAccountListDeleted: account('GET', '/deletedstorage', 'list', 'read'),
  StorageAccountGetDeleted: account('GET', '/deletedstorage/:account', 'get', 'read'),
  StorageAccountPurge: account('DELETE', '/deletedstorage/:account', 'purge', 'purge/action'),
  StorageAccountRecover: account('POST', '/deletedstorage/:account/recover', 'recover', 'recover/action'),
  SasDefinitionListDeleted: sas('GET', '/deletedstorage/:account/sas', 'listsas', 'read'),
  SasDefinitionGetDeleted: sas('GET', '/deletedstorage/:account/sas/:definition', 'getsas', 'read'),
  SasDefinitionRecover: account(
    'POST',
    '/deletedstorage/:account/sas/:definition/recover',
    'recover',
    'recover/action',
  ),
} as const satisfies OperationTable;
