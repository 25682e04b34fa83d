/** Access-policy permission names by kind of object, in Azure's writing (azure-api c.3). They compare case-insensitively. */
export const permissionNames = {
  keys: [
    'all',
    'encrypt',
    'decrypt',
    'wrapKey',
    'unwrapKey',
    'sign',
    'verify',
    'get',
    'list',
    'create',
    'update',
    'import',
    'delete',
    'backup',
    'restore',
    'recover',
    'purge',
    'release',
    'rotate',
    'getrotationpolicy',
    'setrotationpolicy',
  ],
  secrets: ['all', 'get', 'list', 'set', 'delete', 'backup', 'restore', 'recover', 'purge'],
  certificates: [
    'all',
    'get',
    'list',
    'delete',
    'create',
    'import',
    'update',
    'managecontacts',
    'getissuers',
    'listissuers',
    'setissuers',
    'deleteissuers',
    'manageissuers',
    'recover',
    'purge',
    'backup',
    'restore',
  ],
  storage: [
    'all',
    'get',
    'list',
    'delete',
    'set',
    'update',
    'regeneratekey',
    'recover',
    'purge',
    'backup',
    'restore',
    'setsas',
    'listsas',
    'getsas',
    'deletesas',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type PermissionKind = keyof typeof permissionNames;

export const permissionKinds = ['keys', 'secrets', 'certificates', 'storage'] as const satisfies PermissionKind[];

const known: Readonly<Record<PermissionKind, ReadonlySet<string>>> = {
  keys: lowerCase('keys'),
  secrets: lowerCase('secrets'),
  certificates: lowerCase('certificates'),
  storage: lowerCase('storage'),
};

export function isPermission(kind: PermissionKind, name: string): boolean {
  return known[kind].has(name.toLowerCase());
}

/** What `all` stands for: every permission but itself and `purge`, which is granted by name only. */
export function expandAll(kind: PermissionKind): readonly string[] {
  return permissionNames[kind].filter((name) => name !== 'all' && name !== 'purge');
}

function lowerCase(kind: PermissionKind): ReadonlySet<string> {
  return new Set(permissionNames[kind].map((name) => name.toLowerCase()));
}
