import { createRequire } from 'node:module';
import path from 'node:path';
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync, type Options } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';

/** Messages become plain objects: camelCase, whole numbers as `number`, enums by name, absent members with their defaults. */
export const loaderOptions: Options = {
  keepCase: false,
  longs: Number,
  enums: String,
  bytes: Buffer,
  defaults: true,
  oneofs: true,
};

/** The contracts between services: proto file and package of each. */
const packages = {
  'coffer.crypto.v1': 'crypto.proto',
  'coffer.vaults.v1': 'vault_directory.proto',
  'coffer.policy.v1': 'policy.proto',
  'coffer.eventlog.v1': 'owner_log.proto',
  'coffer.identity.v1': 'identity.proto',
} as const;
export type PackageName = keyof typeof packages;
type HealthName = 'grpc.health.v1';
export type CallableName = PackageName | HealthName;

const directory = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@coffer/contracts/package.json')),
  'proto',
);

export function protoFile(name: PackageName): string {
  return path.join(directory, packages[name]);
}

const constructors = new Map<string, ServiceClientConstructor>();

/** The client class of a service, e.g. `VaultKeys` of `coffer.crypto.v1`; reading a contract takes milliseconds, so it is kept. */
export function clientConstructor(name: CallableName, service: string): ServiceClientConstructor {
  const key = `${name}.${service}`;
  let known = constructors.get(key);
  if (known === undefined) constructors.set(key, (known = load(name, service)));
  return known;
}

function load(name: CallableName, service: string): ServiceClientConstructor {
  const file = name === 'grpc.health.v1' ? healthProto : protoFile(name);
  const root = loadPackageDefinition(loadSync(file, loaderOptions));
  let found: unknown = root;
  for (const part of [...name.split('.'), service])
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[part];
  if (typeof found !== 'function') throw new Error(`${name} has no service ${service}`);
  return found as ServiceClientConstructor;
}
