/**
 * Events after which nothing is refused that was allowed before: nobody has to wait for instances that are cut off. Every
 * other event tightens, also one that may do either (an update that disables, policies that lose an entry).
 */
const loosening: ReadonlySet<string> = new Set([
  'KeyVersionCreated',
  'KeyRotationPolicySet',
  'KeyExpiryNotified',
  'KeyRecovered',
  'SecretVersionSet',
  'SecretRecovered',
  'SubscriptionCreated',
  'SubscriptionRenamed',
  'ResourceGroupCreated',
  'ResourceGroupTagged',
  'VaultCreated',
  'VaultRecovered',
  'RoleAssigned',
  'PrincipalCreated',
  'PrincipalPasswordAdded',
]);

/** Their new version takes the place of the latest, which may have been usable when it is not. */
const versions: ReadonlySet<string> = new Set(['KeyVersionCreated', 'SecretVersionSet']);

interface Validity {
  readonly enabled?: boolean;
  readonly nbf?: number;
  readonly exp?: number;
}

export function loosens({ type, data }: { readonly type: string; readonly data: unknown }): boolean {
  if (!loosening.has(type)) return false;
  if (!versions.has(type)) return true;
  const { enabled, nbf, exp } = data as Validity;
  return enabled === true && nbf === undefined && exp === undefined;
}
