import type { Operation, OperationTable } from '../operation.js';

const key = (
  method: Operation['method'],
  paths: readonly string[],
  permission: string,
  dataAction: string,
  more: Partial<Omit<Operation, 'host'>> = {},
): Operation & { readonly host: 'vault' } => ({
  method,
  host: 'vault',
  paths,
  access: { plane: 'data', object: 'keys', permission, dataAction: `Microsoft.KeyVault/vaults/keys/${dataAction}` },
  status: 200,
  body: 'none',
  ...more,
});

/**
 * A key with 500 versions, each of them as large as it can be: 45 KB of tags (15, whose characters JSON may write in six), a
 * release policy of 16 KB in base64url, the halves of an RSA key of 4096 bits, all in base64url: 48 million characters.
 */
const BACKUP_LIMIT = 48 * 1024 * 1024;

/** Cryptography with or without a version: clients send `/keys/n/v/sign`, `/keys/n//sign` and `/keys/n/sign`. */
const crypto = (word: string, permission: string, dataAction: string): ReturnType<typeof key> =>
  key('POST', [`/keys/:name/:version/${word}`, `/keys/:name/${word}`], permission, dataAction, { body: 'json' });

const policy = (
  method: Operation['method'],
  permission: string,
  dataAction: string,
  body: Operation['body'],
): ReturnType<typeof key> => ({
  ...key(method, ['/keys/:name/rotationpolicy'], permission, '', { body, since: 3 }),
  access: {
    plane: 'data',
    object: 'keys',
    permission,
    dataAction: `Microsoft.KeyVault/vaults/keyrotationpolicies/${dataAction}`,
  },
});

/** `/keys` of a vault host (azure-api a.1). */
export const keyOperations = {
  KeyCreate: key('POST', ['/keys/:name/create'], 'create', 'create/action', { body: 'json' }),
  KeyImport: key('PUT', ['/keys/:name'], 'import', 'import/action', { body: 'json' }),
  KeyGet: key('GET', ['/keys/:name', '/keys/:name/:version'], 'get', 'read'),
  KeyUpdate: key('PATCH', ['/keys/:name', '/keys/:name/:version'], 'update', 'update/action', { body: 'json' }),
  KeyList: key('GET', ['/keys'], 'list', 'read'),
  KeyListVersions: key('GET', ['/keys/:name/versions'], 'list', 'read'),
  KeyBackup: key('POST', ['/keys/:name/backup'], 'backup', 'backup/action'),
  KeyRestore: key('POST', ['/keys/restore'], 'restore', 'restore/action', { body: 'json', bodyLimit: BACKUP_LIMIT }),
  KeyRotate: key('POST', ['/keys/:name/rotate'], 'rotate', 'rotate/action', { since: 3 }),
  KeyRotationPolicyGet: policy('GET', 'getrotationpolicy', 'read', 'none'),
  KeyRotationPolicySet: policy('PUT', 'setrotationpolicy', 'write', 'json'),
  KeySign: crypto('sign', 'sign', 'sign/action'),
  KeyVerify: crypto('verify', 'verify', 'verify/action'),
  KeyEncrypt: crypto('encrypt', 'encrypt', 'encrypt/action'),
  KeyDecrypt: crypto('decrypt', 'decrypt', 'decrypt/action'),
  KeyWrap: crypto('wrapkey', 'wrapKey', 'wrap/action'),
  KeyUnwrap: crypto('unwrapkey', 'unwrapKey', 'unwrap/action'),
  KeyRelease: { ...crypto('release', 'release', 'release/action'), since: 3 },
  KeyGetAttestation: key('GET', ['/keys/:name/:version/attestation', '/keys/:name/attestation'], 'get', 'read', {
    since: 6,
  }),
  RandomBytesGet: {
    ...key('POST', ['/rng'], 'get', '', { body: 'json', since: 3 }),
    access: {
      plane: 'data',
      object: 'keys',
      permission: 'get',
      dataAction: 'Microsoft.KeyVault/managedHsm/rng/action',
    },
  },
  KeyDelete: key('DELETE', ['/keys/:name'], 'delete', 'delete'),
  KeyListDeleted: key('GET', ['/deletedkeys'], 'list', 'read'),
  KeyGetDeleted: key('GET', ['/deletedkeys/:name'], 'get', 'read'),
  KeyPurge: key('DELETE', ['/deletedkeys/:name'], 'purge', 'purge/action', { status: 204 }),
  KeyRecover: key('POST', ['/deletedkeys/:name/recover'], 'recover', 'recover/action'),
} as const satisfies OperationTable;
