/** The services of a split installation, and what each must be told of the others. */
export const services = /** @type {const} */ ([
  'vault-management',
  'crypto-gateway',
  'policy-engine',
  'audit-log',
  'identity',
]);

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

/** `host:port` of the gRPC of each service's instances, by the setting that carries it. */
export function peerSettings(instances) {
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

/** The setting of a service's database, and its value for the embedded server whose socket is in `socketDirectory`. */
export function databaseSetting(service, socketDirectory) {
  const role = `coffer_${service.replaceAll('-', '_')}`;
  const variable = `COFFER_DATABASE_URL_${service.replaceAll('-', '_').toUpperCase()}`;
  return { [variable]: `postgres://${role}@/${role}?host=${encodeURIComponent(socketDirectory)}` };
}
