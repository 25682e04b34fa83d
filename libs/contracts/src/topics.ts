/** Kafka topics (architecture §3). */
export const topics = {
  vaults: 'coffer.vaults.v1',
  keys: 'coffer.keys.v1',
  policy: 'coffer.policy.v1',
  audit: 'coffer.audit.v1',
  /** Event Grid shaped; what writes it comes with rotation and expiry. */
  notifications: 'coffer.notifications.v1',
} as const;
