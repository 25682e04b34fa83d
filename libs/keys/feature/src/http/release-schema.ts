import { exportWraps } from '@coffer/contracts';
import { CofferError, defined } from '@coffer/kernel';
import type { ReleaseRequest } from '@coffer/keys-domain';
import { isSince, parseBody } from '@coffer/wire';
import { z } from 'zod';
import type { ReleaseTarget } from '../application/key-release.js';
import { decodeBase64url } from './crypto-body.js';

/** base64url of the largest policy that the domain takes. */
const MAX_POLICY_LENGTH = 22_000;
/** Longest attestation token: those of confidential VMs carry logs of some kilobytes. */
const MAX_TOKEN_LENGTH = 128 * 1024;
const MAX_NONCE_LENGTH = 1024;

/** `KeyReleasePolicy`; `null` counts as absent. */
export const releasePolicySchema = z
  .object({
    contentType: z.string().nullish(),
    data: z.string().max(MAX_POLICY_LENGTH).nullish(),
    immutable: z.boolean().nullish(),
  })
  .nullish();

interface Parsed {
  readonly attributes?: { readonly exportable?: boolean | null | undefined } | null | undefined;
  readonly release_policy?: z.infer<typeof releasePolicySchema>;
}

/** Release came with 7.3. */
export function knowsRelease(apiVersion: string): boolean {
  return isSince(3, apiVersion);
}

/** What a create, import or update says about release. Throws BadParameter. */
export function releaseRequest({ attributes, release_policy: policy }: Parsed, apiVersion: string): ReleaseRequest {
  const exportable = attributes?.exportable ?? undefined;
  if (!knowsRelease(apiVersion)) {
    // A policy that the version does not know, and nobody would see, must not look accepted.
    if (exportable === true || (policy !== undefined && policy !== null)) throw tooOld();
    return {};
  }
  return defined({ exportable, releasePolicy: policy === undefined || policy === null ? undefined : policyOf(policy) });
}

function policyOf({ contentType, data, immutable }: NonNullable<Parsed['release_policy']>) {
  return defined({
    contentType: contentType ?? undefined,
    // One spelling, without padding: policies are compared.
    data: typeof data === 'string' ? decodeBase64url('release_policy.data', data).toString('base64url') : undefined,
    immutable: immutable ?? undefined,
  });
}

const releaseSchema = z.object({
  target: z.string().min(1).max(MAX_TOKEN_LENGTH),
  nonce: z.string().max(MAX_NONCE_LENGTH).nullish(),
  enc: z.enum(exportWraps).nullish(),
});

/** Body of Release (`KeyReleaseParameters`). Throws BadParameter. */
export function parseRelease(body: unknown): ReleaseTarget {
  const { target, nonce, enc } = parseBody(releaseSchema, body);
  return { target, nonce: nonce ?? undefined, enc: enc ?? 'CKM_RSA_AES_KEY_WRAP' };
}

function tooOld(): CofferError {
  return new CofferError(
    'BadParameter',
    "AKV.SKR.1001: The exportable attribute is only supported with API version >= '7.3-preview'.",
  );
}
