import nx from '@nx/eslint-plugin';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The table of ARCHITECTURE.md, "Boundaries"; every row has a fixture in tools/boundaries that must fail. */
const kernelOnly = ['type:kernel'];
const boundaries = [
  { sourceTag: 'type:kernel', onlyDependOnLibsWithTags: kernelOnly },
  { sourceTag: 'type:contract', onlyDependOnLibsWithTags: ['type:kernel', 'type:contract'] },
  ...['vaults', 'secrets', 'keys', 'access', 'audit', 'identity'].flatMap((scope) => [
    { allSourceTags: ['type:domain', `scope:${scope}`], onlyDependOnLibsWithTags: ['type:kernel', `scope:${scope}`] },
    {
      allSourceTags: ['type:feature', `scope:${scope}`],
      onlyDependOnLibsWithTags: ['type:kernel', 'type:contract', `scope:${scope}`, 'scope:access'],
    },
  ]),
  { sourceTag: 'type:domain', onlyDependOnLibsWithTags: ['type:kernel', 'type:domain'] },
  { sourceTag: 'type:feature', onlyDependOnLibsWithTags: ['type:kernel', 'type:contract', 'type:domain'] },
  { sourceTag: 'type:adapter', onlyDependOnLibsWithTags: ['type:kernel', 'type:contract'] },
  { allSourceTags: ['type:verify', 'scope:audit'], onlyDependOnLibsWithTags: ['type:kernel', 'scope:audit'] },
  { sourceTag: 'type:verify', onlyDependOnLibsWithTags: ['type:kernel', 'type:domain'] },
  { sourceTag: 'type:testing', onlyDependOnLibsWithTags: ['type:kernel', 'type:contract', 'type:testing'] },
  {
    sourceTag: 'type:composition',
    onlyDependOnLibsWithTags: ['type:kernel', 'type:contract', 'type:feature', 'type:adapter'],
  },
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: [
      'type:kernel',
      'type:contract',
      'type:feature',
      'type:adapter',
      'type:composition',
      'type:verify',
    ],
  },
  { sourceTag: 'type:workspace', onlyDependOnLibsWithTags: ['*'] },
];

/** No project of an app is a library; its package exports nothing, so only this rule sees a bare import of one. */
const apps = { regex: '^@coffer/app-', message: 'Nothing imports an app.' };

/** The client library of the brokers is known to its adapter and to the tool that starts brokers. */
const kafka = { regex: '^kafkajs(/|$)', message: 'Kafka is reached through @coffer/messaging-kafka.' };

const impure = {
  regex:
    '^((node:)?(fs|https?|http2|net|tls|dgram|dns|child_process|cluster|worker_threads)' +
    '|@nestjs/[^/]+|pg|kafkajs|rxjs|fastify)(/|$)',
  message: 'Domain, kernel and contract code is pure.',
};

export default defineConfig(
  { ignores: ['**/dist', '**/*.js', '**/*.mjs', '**/*.cjs', '**/*.d.mts', 'tools/boundaries/fixtures'] },
  tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@nx/enforce-module-boundaries': ['error', { depConstraints: boundaries }],
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [apps, kafka] }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression[source.value=/^kafkajs(\\u002f|$)/]', message: kafka.message },
      ],
    },
  },
  {
    files: ['libs/platform/messaging-kafka/**/*.ts', 'tools/kafka/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [apps] }],
      'no-restricted-syntax': 'off',
    },
  },
  {
    files: [
      'libs/shared/{kernel,event-sourcing,wire}/src/**/*.ts',
      'libs/contracts/src/**/*.ts',
      'libs/*/domain/src/**/*.ts',
      'libs/audit/verify/src/**/*.ts',
    ],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [apps, impure] }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression', message: 'Pure code imports statically, where the boundaries are checked.' },
      ],
    },
  },
);
