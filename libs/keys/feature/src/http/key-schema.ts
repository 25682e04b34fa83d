import { defined, invalidProperty } from '@coffer/kernel';
import { custodyOf } from '@coffer/keys-domain';
import { datesOf, intDate, parseBody, tagsSchema } from '@coffer/wire';
import { z } from 'zod';
import type { CreateKey } from '../application/key-create.js';
import type { Brought, ImportKey } from '../application/key-import.js';
import type { UpdateKey } from '../application/key-update.js';
import type { NewVersion } from '../application/new-version.js';
import { decodeBase64url } from './crypto-body.js';
import { curveFromWire, defaultKeyOps } from './dialect.js';
import { jwkMembers, privateJwk } from './private-jwk.js';
import { releasePolicySchema, releaseRequest } from './release-schema.js';
import { MAX_BLOB_LENGTH, transferOf } from './transfer-blob.js';

const MAX_TAG_LENGTH = 256;
/** Four times what the largest number of an RSA key of 4096 bits takes. */
const MAX_MEMBER_LENGTH = 2_732;

/** Members that both requests share; `null` counts as absent. */
const changeable = {
  attributes: z
    .object({ enabled: z.boolean().nullish(), nbf: intDate, exp: intDate, exportable: z.boolean().nullish() })
    .nullish(),
  key_ops: z.array(z.string()).max(100).nullish(),
  tags: tagsSchema(MAX_TAG_LENGTH),
  release_policy: releasePolicySchema,
};

const createSchema = z.object({
  kty: z.string(),
  key_size: z.int().nullish(),
  crv: z.string().nullish(),
  public_exponent: z.int().nullish(),
  ...changeable,
});

const updateSchema = z.object(changeable);

/** Body of CreateKey (azure-api a.1, `KeyCreateParameters`). Throws BadParameter. */
export function parseCreate(body: unknown, name: string, apiVersion: string): CreateKey {
  const parsed = parseBody(createSchema, body);
  return {
    ...versionOf(parsed, name, apiVersion),
    kty: parsed.kty,
    keySize: parsed.key_size ?? undefined,
    crv: curveFromWire(apiVersion, parsed.crv ?? undefined),
    publicExponent: parsed.public_exponent ?? undefined,
    keyOps: parsed.key_ops ?? defaultKeyOps(apiVersion, parsed.kty),
  };
}

/** Body of UpdateKey (`KeyUpdateParameters`): what is absent stays as it is. Throws BadParameter. */
export function parseUpdate(body: unknown, name: string, version: string | undefined, apiVersion: string): UpdateKey {
  const parsed = parseBody(updateSchema, body);
  return {
    name,
    version,
    enabled: parsed.attributes?.enabled ?? undefined,
    ...datesOf(parsed.attributes),
    keyOps: parsed.key_ops ?? undefined,
    tags: parsed.tags ?? undefined,
    ...releaseRequest(parsed, apiVersion),
  };
}

const importSchema = z.object({
  Hsm: z.boolean().nullish(),
  /** The same, as the clients for .NET and C++ spell it. */
  hsm: z.boolean().nullish(),
  key: z.object({
    kty: z.string(),
    key_ops: z.array(z.string()).max(100).nullish(),
    crv: z.string().nullish(),
    key_hsm: z.string().max(MAX_BLOB_LENGTH).nullish(),
    ...Object.fromEntries(jwkMembers.map((member) => [member, z.string().max(MAX_MEMBER_LENGTH).nullish()])),
  }),
  ...changeable,
});

/** Body of ImportKey (`KeyImportParameters`); `baseUrl` is the vault's. Throws BadParameter that names the member, never its value. */
export function parseImport(body: unknown, name: string, apiVersion: string, baseUrl: string): ImportKey {
  const parsed = parseBody(importSchema, body);
  const { kty, ...custody } = custodyOf(parsed.key.kty);
  const key = { ...parsed.key, kty };
  return {
    ...versionOf(parsed, name, apiVersion),
    custody: parsed.Hsm === true || parsed.hsm === true ? { hsm: true } : custody,
    keyOps: key.key_ops ?? defaultKeyOps(apiVersion, key.kty),
    brought: broughtIn(key, curveFromWire(apiVersion, key.crv ?? undefined), baseUrl),
  };
}

function broughtIn(key: ImportedKey, crv: string | undefined, baseUrl: string): Brought {
  const { kty, key_hsm: blob, ...others } = key;
  if (blob === null || blob === undefined) return { jwk: privateJwk(key, crv) };
  const members: Readonly<Record<string, unknown>> = others;
  const superfluous = jwkMembers.find((member) => (members[member] ?? undefined) !== undefined);
  if (superfluous !== undefined) {
    throw invalidProperty(`key.${superfluous}`, 'A key is given either by its members or by key_hsm.');
  }
  return { transfer: transferOf({ kty, key_hsm: blob }, crv, baseUrl) };
}

type ImportedKey = z.infer<typeof importSchema>['key'];

const randomSchema = z.object({ count: z.int().min(1).max(128) });

/** Body of GetRandomBytes: how many bytes, 1 to 128. Throws BadParameter. */
export function parseRandom(body: unknown): number {
  return parseBody(randomSchema, body).count;
}

const restoreSchema = z.object({ value: z.string() });

/** Body of RestoreKey (`KeyRestoreParameters`): the backup blob. Throws BadParameter. */
export function parseRestore(body: unknown): Buffer {
  return decodeBase64url('value', parseBody(restoreSchema, body).value);
}

function versionOf(parsed: Changeable, name: string, apiVersion: string): NewVersion {
  return {
    name,
    keyOps: parsed.key_ops ?? undefined,
    tags: parsed.tags ?? undefined,
    enabled: parsed.attributes?.enabled ?? true,
    ...defined(datesOf(parsed.attributes)),
    ...releaseRequest(parsed, apiVersion),
  };
}

type Changeable = z.infer<typeof updateSchema>;
