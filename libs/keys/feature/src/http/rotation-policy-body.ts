import { defined } from '@coffer/kernel';
import type { RotationPolicyRequest } from '@coffer/keys-domain';
import { objectUri, parseBody, type VaultRequestContext } from '@coffer/wire';
import { z } from 'zod';
import type { NamedPolicy } from '../application/rotation-policies.js';

const duration = z.string().max(32).nullish();

const schema = z.object({
  lifetimeActions: z
    .array(
      z.object({
        trigger: z.object({ timeAfterCreate: duration, timeBeforeExpiry: duration }),
        action: z.object({ type: z.string().max(32) }),
      }),
    )
    .max(2)
    .nullish(),
  attributes: z.object({ expiryTime: duration }).nullish(),
});

/** Body of UpdateKeyRotationPolicy (`KeyRotationPolicy`); what it means is for the domain to say. Throws BadParameter. */
export function parseRotationPolicy(body: unknown): RotationPolicyRequest {
  const { lifetimeActions, attributes } = parseBody(schema, body);
  return {
    lifetimeActions: (lifetimeActions ?? []).map(({ trigger, action }) => ({
      type: action.type,
      timeAfterCreate: trigger.timeAfterCreate ?? undefined,
      timeBeforeExpiry: trigger.timeBeforeExpiry ?? undefined,
    })),
    expiryTime: attributes?.expiryTime ?? undefined,
  };
}

/** `KeyRotationPolicy` (azure-api a.1). */
export function toRotationPolicy(
  { name, policy }: NamedPolicy,
  { baseUrl }: Pick<VaultRequestContext, 'baseUrl'>,
): Record<string, unknown> {
  const { lifetimeActions, expiryTime } = policy;
  const dates = 'created' in policy ? { created: policy.created, updated: policy.updated } : {};
  return {
    id: `${objectUri(baseUrl, 'keys', name)}/rotationpolicy`,
    lifetimeActions: lifetimeActions.map(({ type, ...trigger }) => ({ trigger, action: { type } })),
    attributes: { ...defined({ expiryTime }), ...dates },
  };
}
