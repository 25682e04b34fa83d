/**
 * One row per boundary (ARCHITECTURE.md, "Boundaries"): `bad` must be reported when it stands in `file`, `good` must not.
 * The files do not exist; each import is judged as if it stood there.
 */
const NX = '@nx/enforce-module-boundaries';
const PURE = '@typescript-eslint/no-restricted-imports';

const row = (name, file, rule, bad, good) => ({ name, file, rule, bad: use(bad), good: use(good) });
const use = (from) => `import * as imported from '${from}';\nexport { imported };\n`;

const impure = [
  '@nestjs/common',
  '@nestjs/microservices',
  'pg',
  'kafkajs',
  'rxjs',
  'rxjs/operators',
  'fastify',
  'fs',
  'fs/promises',
  'node:fs',
  'node:fs/promises',
  'http',
  'node:http',
  'node:http2',
  'node:https',
  'node:net',
  'node:tls',
  'node:dns/promises',
  'node:child_process',
];

export const rules = [
  // kernel
  row('kernel imports a contract', 'libs/shared/kernel/src/x.ts', NX, '@coffer/contracts', 'node:crypto'),
  row('kernel imports a domain', 'libs/shared/event-sourcing/src/x.ts', NX, '@coffer/keys-domain', '@coffer/kernel'),
  row('wire imports a feature', 'libs/shared/wire/src/x.ts', NX, '@coffer/keys-feature', '@coffer/event-sourcing'),
  row('wire imports an adapter', 'libs/shared/wire/src/x.ts', NX, '@coffer/nest', '@coffer/kernel'),
  // contract
  row('a contract imports a domain', 'libs/contracts/src/x.ts', NX, '@coffer/keys-domain', '@coffer/wire'),
  row('a contract imports an adapter', 'libs/contracts/src/x.ts', NX, '@coffer/keyring', '@coffer/kernel'),
  // domain
  row('a domain imports a contract', 'libs/keys/domain/src/x.ts', NX, '@coffer/contracts', '@coffer/kernel'),
  row('a domain imports another domain', 'libs/keys/domain/src/x.ts', NX, '@coffer/access-domain', '@coffer/wire'),
  row('a domain imports its feature', 'libs/keys/domain/src/x.ts', NX, '@coffer/keys-feature', '@coffer/kernel'),
  row('a domain imports an adapter', 'libs/keys/domain/src/x.ts', NX, '@coffer/crypto-node', '@coffer/kernel'),
  // feature
  row(
    'a feature imports a domain not its own',
    'libs/keys/feature/src/x.ts',
    NX,
    '@coffer/secrets-domain',
    '@coffer/keys-domain',
  ),
  row(
    'a feature imports another feature',
    'libs/keys/feature/src/x.ts',
    NX,
    '@coffer/secrets-feature',
    '@coffer/access-domain',
  ),
  row(
    'a feature imports the feature of access',
    'libs/keys/feature/src/x.ts',
    NX,
    '@coffer/access-feature',
    '@coffer/access-domain',
  ),
  row(
    'a feature imports an adapter',
    'libs/keys/feature/src/x.ts',
    NX,
    '@coffer/event-store-postgres',
    '@coffer/contracts',
  ),
  row('a feature imports the composition', 'libs/vaults/feature/src/x.ts', NX, '@coffer/composition', '@coffer/wire'),
  row('a feature imports test code', 'libs/vaults/feature/src/x.ts', NX, '@coffer/testing', '@nestjs/common'),
  // adapter
  row('an adapter imports a domain', 'libs/platform/nest/src/x.ts', NX, '@coffer/access-domain', '@coffer/contracts'),
  row('an adapter imports a feature', 'libs/platform/nest/src/x.ts', NX, '@coffer/vaults-feature', '@coffer/wire'),
  row(
    'an adapter imports another adapter',
    'libs/platform/keyring/src/x.ts',
    NX,
    '@coffer/crypto-node',
    '@coffer/kernel',
  ),
  // verify
  row(
    'the verifier imports a feature',
    'libs/audit/verify/src/x.ts',
    NX,
    '@coffer/audit-feature',
    '@coffer/audit-domain',
  ),
  row('the verifier imports a contract', 'libs/audit/verify/src/x.ts', NX, '@coffer/contracts', '@coffer/kernel'),
  row(
    'the verifier imports another domain',
    'libs/audit/verify/src/x.ts',
    NX,
    '@coffer/keys-domain',
    '@coffer/audit-domain',
  ),
  row('the verifier reads files', 'libs/audit/verify/src/x.ts', PURE, 'node:fs', 'node:crypto'),
  // testing, composition, app
  row('test code imports a feature', 'libs/shared/testing/src/x.ts', NX, '@coffer/keys-feature', '@coffer/contracts'),
  row('test code imports an adapter', 'libs/shared/testing/src/x.ts', NX, '@coffer/messaging-memory', '@coffer/kernel'),
  row(
    'the composition imports a domain',
    'libs/composition/src/x.ts',
    NX,
    '@coffer/keys-domain',
    '@coffer/keys-feature',
  ),
  row('an app imports a domain', 'apps/cli/src/x.ts', NX, '@coffer/keys-domain', '@coffer/composition'),
  row('an app imports an app', 'apps/cli/src/x.ts', PURE, '@coffer/app-standalone', '@coffer/nest'),
  row('a library imports an app', 'libs/composition/src/x.ts', PURE, '@coffer/app-cli', '@coffer/tls'),
  // by path instead of by name
  row(
    'a feature reaches into its domain by path',
    'libs/keys/feature/src/x.ts',
    NX,
    '../../domain/src/index.js',
    './index.js',
  ),
  row('an app reaches into an app by path', 'apps/cli/src/x.ts', NX, '../../standalone/src/main.js', '@coffer/wire'),
  row(
    'a library reaches into the tests by path',
    'libs/keys/feature/src/x.ts',
    NX,
    '../../../../tests/support/openapi.js',
    '@coffer/kernel',
  ),
  // purity
  ...impure.map((name) => row(`a domain imports ${name}`, 'libs/keys/domain/src/x.ts', PURE, name, 'node:crypto')),
  ...['shared/kernel', 'shared/event-sourcing', 'shared/wire', 'contracts'].map((project) =>
    row(`${project} imports Nest`, `libs/${project}/src/x.ts`, PURE, '@nestjs/common', 'node:crypto'),
  ),
  // Kafka's client library
  ...[
    'libs/composition/src/x.ts',
    'libs/platform/event-store-postgres/src/x.ts',
    'apps/cli/src/x.ts',
    'tests/int/x.ts',
  ].map((file) => row(`${file} imports kafkajs`, file, PURE, 'kafkajs', '@coffer/kernel')),
  row('a feature imports kafkajs', 'libs/keys/feature/src/x.ts', PURE, 'kafkajs/src/errors.js', '@coffer/contracts'),
  row('the Kafka adapter imports an app', 'libs/platform/messaging-kafka/src/x.ts', PURE, '@coffer/app-cli', 'kafkajs'),
  row('the Kafka tool imports an app', 'tools/kafka/x.ts', PURE, '@coffer/app-cli', 'kafkajs'),
  {
    name: 'the composition imports kafkajs at run time',
    file: 'libs/composition/src/x.ts',
    rule: 'no-restricted-syntax',
    bad: "export const imported = import('kafkajs');\n",
    good: "export const imported = import('@coffer/messaging-kafka');\n",
  },
  {
    name: 'a domain imports at run time',
    file: 'libs/keys/domain/src/x.ts',
    rule: 'no-restricted-syntax',
    bad: "export const imported = import('pg');\n",
    good: use('@coffer/kernel'),
  },
];
