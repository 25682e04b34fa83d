import { assertNever } from '@coffer/kernel';
import { objectUri, toWireAttributes, type VaultRequestContext } from '@coffer/wire';
import { typeName, type PublicJwk } from '@coffer/keys-domain';
import type { KeyView } from '../application/key-view.js';
import { curveToWire, platformAttribute } from './dialect.js';
import { knowsRelease } from './release-schema.js';

type Context = Pick<VaultRequestContext, 'baseUrl' | 'vault' | 'apiVersion'>;
type Json = Record<string, unknown>;

/** `KeyBundle` (azure-api a.1): the public half only. */
export function toKeyBundle(view: KeyView, context: Context): Json {
  return { key: toJwk(view, context), ...attributesAndTags(view, context), ...releasePolicy(view, context) };
}

/** `DeletedKeyBundle`; of a key that was destroyed at once, without recovery members. */
export function toDeletedKeyBundle(view: KeyView, context: Context): Json {
  return { ...deletion(view, context), ...toKeyBundle(view, context) };
}

/** `KeyItem` of the list of keys: the identifier carries no version. */
export function toKeyItem(view: KeyView, context: Context): Json {
  return { kid: objectUri(context.baseUrl, 'keys', view.name), ...attributesAndTags(view, context) };
}

/** `KeyItem` of the list of versions. */
export function toKeyVersionItem(view: KeyView, context: Context): Json {
  return { kid: objectUri(context.baseUrl, 'keys', view.name, view.version), ...attributesAndTags(view, context) };
}

/** `DeletedKeyItem`. */
export function toDeletedKeyItem(view: KeyView, context: Context): Json {
  return { ...deletion(view, context), ...toKeyItem(view, context) };
}

function toJwk(view: KeyView, { baseUrl, apiVersion }: Context): Json {
  const { name, version, keyOps, public: half } = view;
  const kid = objectUri(baseUrl, 'keys', name, version);
  return { kid, kty: typeName(half.kty, view), key_ops: keyOps, ...publicMembers(half, apiVersion) };
}

/** None of a symmetric key: `k` is never shown. */
function publicMembers(half: PublicJwk, apiVersion: string): Json {
  switch (half.kty) {
    case 'RSA':
      return { n: half.n, e: half.e };
    case 'EC':
      return { crv: curveToWire(apiVersion, half.crv), x: half.x, y: half.y };
    case 'oct':
      return {};
    default:
      return assertNever(half);
  }
}

function attributesAndTags({ attributes, tags, exportable, hsm }: KeyView, { vault, apiVersion }: Context): Json {
  return {
    attributes: {
      ...toWireAttributes(attributes, vault, apiVersion),
      ...(knowsRelease(apiVersion) ? { exportable: exportable === true } : {}),
      ...platformAttribute(apiVersion, hsm),
    },
    ...(tags === undefined ? {} : { tags }),
  };
}

function releasePolicy({ releasePolicy: policy }: KeyView, { apiVersion }: Context): Json {
  return policy === undefined || !knowsRelease(apiVersion) ? {} : { release_policy: policy };
}

function deletion({ name, deletion: dates }: KeyView, { baseUrl }: Context): Json {
  if (dates === undefined) return {};
  return {
    recoveryId: objectUri(baseUrl, 'deletedkeys', name),
    deletedDate: dates.deletedDate,
    scheduledPurgeDate: dates.scheduledPurgeDate,
  };
}
