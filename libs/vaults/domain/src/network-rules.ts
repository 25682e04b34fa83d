import { CofferError } from '@coffer/kernel';

/** Firewall settings, stored and echoed. */
export interface NetworkRules {
  readonly bypass?: 'AzureServices' | 'None';
  readonly defaultAction?: 'Allow' | 'Deny';
  readonly ipRules?: readonly { readonly value: string }[];
  readonly virtualNetworkRules?: readonly {
    readonly id: string;
    readonly ignoreMissingVnetServiceEndpoint?: boolean;
  }[];
}

const MOST_IP_RULES = 1000;
const MOST_NETWORKS = 200;
const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const IPV4_OR_CIDR = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}(?:/(?:3[0-2]|[12]?\\d))?$`);

/** Throws ArmBadRequest. */
export function requireNetworkRules(rules: NetworkRules): NetworkRules {
  const { ipRules = [], virtualNetworkRules = [] } = rules;
  if (ipRules.length > MOST_IP_RULES) bad(`"networkAcls.ipRules" can hold at most ${MOST_IP_RULES} rules.`);
  if (virtualNetworkRules.length > MOST_NETWORKS) {
    bad(`"networkAcls.virtualNetworkRules" can hold at most ${MOST_NETWORKS} rules.`);
  }
  if (!ipRules.every((rule) => IPV4_OR_CIDR.test(rule.value))) {
    bad('"networkAcls.ipRules" must be IPv4 addresses or ranges in CIDR notation.');
  }
  return rules;
}

function bad(message: string): never {
  throw new CofferError('ArmBadRequest', message);
}
