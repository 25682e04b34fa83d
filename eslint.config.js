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
  { sourceTag: 'type:testing', onlyDependOnLibsWithTags: ['type:kernel', 'type:contract', 'type:testing'] },
  {
    sourceTag: 'type:composition',
    onlyDependOnLibsWithTags: ['type:kernel', 'type:contract', 'type:feature', 'type:adapter'],
  },
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: ['type:kernel', 'type:contract', 'type:feature', 'type:adapter', 'type:composition'],
  },
  { sourceTag: 'type:workspace', onlyDependOnLibsWithTags: ['*'] },
];

const impure = [
  '@nestjs/*',
  'pg',
  'kafkajs',
  'rxjs',
  'fastify',
  'fs',
  'node:fs',
  'node:fs/*',
  'http',
  'https',
  'node:http',
  'node:https',
  'node:net',
];

export default defineConfig(
  { ignores: ['**/dist', '**/*.js', '**/*.mjs', 'tools/boundaries/fixtures'] },
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
    },
  },
  {
    files: [
      'libs/shared/{kernel,event-sourcing,wire}/src/**/*.ts',
      'libs/contracts/src/**/*.ts',
      'libs/*/domain/src/**/*.ts',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: impure, message: 'Domain, kernel and contract code is pure.' }] },
      ],
    },
  },
);
