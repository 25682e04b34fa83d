export const serviceNames = ['vault-management', 'crypto-gateway', 'policy-engine', 'audit-log', 'identity'] as const;
export type ServiceName = (typeof serviceNames)[number];
