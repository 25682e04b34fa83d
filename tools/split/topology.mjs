import path from 'node:path';

/** The services of a split installation. */
export const services = ['identity', 'crypto-gateway', 'policy-engine', 'vault-management', 'audit-log'];

/** Services that others call, by the setting that names their instances. */
const PEERS = {
  'vault-management': 'COFFER_PEER_VAULT_MANAGEMENT',
  'crypto-gateway': 'COFFER_PEER_CRYPTO_GATEWAY',
  'policy-engine': 'COFFER_PEER_POLICY_ENGINE',
  identity: 'COFFER_PEER_IDENTITY',
};

/**
 * @typedef {object} Instance
 * @property {string} service
 * @property {string} name `crypto-gateway-1`, …
 * @property {number} httpPort
 * @property {number} grpcPort
 * @property {number} internalPort
 * @property {number} [pid]
 */

/** Instances with their ports, taken from `nextPort`. @returns {Promise<Instance[]>} */
export async function layOut(count, nextPort) {
  const instances = [];
  for (const service of services) {
    for (let i = 1; i <= count; i += 1) {
      instances.push({
        service,
        name: `${service}-${i}`,
        httpPort: await nextPort(),
        grpcPort: await nextPort(),
        internalPort: await nextPort(),
      });
    }
  }
  return instances;
}

/** What an instance must be told, besides its database and the brokers. */
export function serviceEnvironment({ instance, instances, options, deployment, root }) {
  const { certificateFile, keyFile } = deployment.services.services[instance.service];
  return {
    COFFER_DATA_DIR: path.join(root, 'instances', instance.name),
    COFFER_DOMAIN: options.domain,
    COFFER_PORT: String(instance.httpPort),
    COFFER_PUBLIC_PORT: String(options.port),
    COFFER_LISTEN: '127.0.0.1',
    COFFER_BEHIND_EDGE: 'true',
    COFFER_GRPC_PORT: String(instance.grpcPort),
    COFFER_INTERNAL_PORT: String(instance.internalPort),
    COFFER_SERVICE_CA_FILE: deployment.services.caFile,
    COFFER_SERVICE_CERT_FILE: certificateFile,
    COFFER_SERVICE_KEY_FILE: keyFile,
    COFFER_TENANT_ID: deployment.tenantId,
    COFFER_SUBSCRIPTION_ID: deployment.subscriptionId,
    COFFER_LOG_LEVEL: options.logLevel,
    ...peersOf(instances),
    ...administratorOf(options, deployment, instance),
    ...(instance.service === 'crypto-gateway' ? { COFFER_ROOT_KEY_FILE: deployment.directory.rootKeyFile } : {}),
    ...(instance.service === 'audit-log' ? { COFFER_AUDIT_KEY_FILE: path.join(root, 'audit.key') } : {}),
  };
}

function administratorOf({ dev }, { administrator, administratorSecretFile }, { service }) {
  if (dev) return { COFFER_DEV: 'true' };
  return {
    COFFER_ADMINISTRATOR_OBJECT_ID: administrator.objectId,
    COFFER_ADMINISTRATOR_APP_ID: administrator.appId,
    ...(service === 'identity' ? { COFFER_ADMINISTRATOR_SECRET_FILE: administratorSecretFile } : {}),
  };
}

/** `host:port` of the gRPC of each service's instances, by the setting that carries it. */
function peersOf(instances) {
  return Object.fromEntries(
    Object.entries(PEERS).map(([service, setting]) => [
      setting,
      instances
        .filter((instance) => instance.service === service)
        .map(({ grpcPort }) => `127.0.0.1:${grpcPort}`)
        .join(','),
    ]),
  );
}
