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

export function loosens(eventType: string): boolean {
  return loosening.has(eventType);
}
