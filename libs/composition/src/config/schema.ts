import { isIP } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { attestationAuthorities } from './attestation-authorities.js';

const domain = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'must be a DNS name');
const port = z.coerce.number().int().min(0).max(65_535);
const seconds = z.coerce.number().int().min(0);
const file = z
  .string()
  .min(1)
  .transform((name) => path.resolve(name));
const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL');
const addresses = z
  .string()
  .transform((text) => text.split(',').map((address) => address.trim()))
  .refine((list) => list.every((address) => isIP(address) !== 0), 'must be IP addresses, separated by commas');
const endpoints = z
  .string()
  .transform((text) => text.split(',').map((endpoint) => endpoint.trim()))
  .refine(
    (list) => list.every((endpoint) => /^([a-z0-9.-]+|\[[0-9a-f:]+\]):\d{1,5}$/i.test(endpoint)),
    'must be host:port, separated by commas',
  );
const issuers = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue('must be JSON');
      return z.NEVER;
    }
  })
  .pipe(z.array(z.object({ issuer: z.url(), tenantId: z.string().min(1), jwksUri: z.url() }).strict()));

/**
 * Every setting of every service: one row each, with its environment variable, its flag (`--name`), its meaning and its
 * default. `--help` prints this table; docs/configuration.md repeats it.
 */
export const settings = {
  dataDir: row(
    'COFFER_DATA_DIR',
    'data-dir',
    file.optional(),
    'Directory of everything that must survive a restart. Default: /var/lib/coffer as root, else $XDG_DATA_HOME/coffer.',
  ),
  domain: row(
    'COFFER_DOMAIN',
    'domain',
    domain.default('localhost'),
    'DNS name under which login., management., audit. and {vault}.vault. live.',
  ),
  port: row('COFFER_PORT', 'port', port.default(8443), 'TLS port to listen on.'),
  publicPort: row(
    'COFFER_PUBLIC_PORT',
    'public-port',
    port.optional(),
    'Port that URLs carry, when a forward changes it. Default: the port.',
  ),
  listen: row(
    'COFFER_LISTEN',
    'listen',
    addresses.default(['127.0.0.1', '::1']),
    'IP addresses to listen on, separated by commas.',
  ),
  plainHttp: row(
    'COFFER_PLAIN_HTTP',
    'plain-http',
    z.stringbool().default(false),
    'Speak HTTP without TLS: only behind an edge that terminates TLS.',
  ),
  tlsCertFile: row(
    'COFFER_TLS_CERT_FILE',
    'tls-cert-file',
    file.optional(),
    'Certificate chain (PEM). Default: a development CA makes one.',
  ),
  tlsKeyFile: row('COFFER_TLS_KEY_FILE', 'tls-key-file', file.optional(), 'Private key of the certificate (PEM).'),
  region: row(
    'COFFER_REGION',
    'region',
    z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/i, 'must be letters, digits and hyphens')
      .default('local'),
    'Name of this region: the ARM location of its vaults.',
  ),
  tenantId: row(
    'COFFER_TENANT_ID',
    'tenant-id',
    z.guid().toLowerCase().optional(),
    'Tenant (GUID) of the installation. Default: made at first start and kept.',
  ),
  rootKeyFile: row(
    'COFFER_ROOT_KEY_FILE',
    'root-key-file',
    file.optional(),
    'File of the root key, mode 0600; made at first start. Default: root.key in the data directory.',
  ),
  rootPassphraseFile: row(
    'COFFER_ROOT_PASSPHRASE_FILE',
    'root-passphrase-file',
    file.optional(),
    'File with a passphrase that the root key is derived from, instead of a root key file.',
  ),
  pkcs11Module: row(
    'COFFER_PKCS11_MODULE',
    'pkcs11-module',
    file.optional(),
    'Library (PKCS #11) of a hardware security module for keys of the -HSM types, as /usr/lib/softhsm/libsofthsm2.so. Default: none.',
  ),
  pkcs11Token: row('COFFER_PKCS11_TOKEN', 'pkcs11-token', z.string().min(1).max(32).optional(), 'Label of the token.'),
  pkcs11PinFile: row(
    'COFFER_PKCS11_PIN_FILE',
    'pkcs11-pin-file',
    file.optional(),
    "File with the PIN of the token's user.",
  ),
  authority: row(
    'COFFER_AUTHORITY',
    'authority',
    z.url().optional(),
    'Authority that the 401 challenge names. Default: the built-in issuer, https://login.{domain}/adfs.',
  ),
  issuers: row(
    'COFFER_ISSUERS',
    'issuers',
    issuers.default([]),
    'Further OIDC issuers whose tokens are accepted: JSON [{"issuer","tenantId","jwksUri"}].',
  ),
  attestationAuthorities: row(
    'COFFER_ATTESTATION_AUTHORITIES',
    'attestation-authorities',
    attestationAuthorities.default([]),
    'Issuers of attestation tokens that keys are released on, separated by commas: https://issuer, or https://issuer=/path/jwks.json where its OIDC metadata cannot be reached.',
  ),
  clockSkewSeconds: row(
    'COFFER_CLOCK_SKEW_SECONDS',
    'clock-skew-seconds',
    seconds.max(600).default(60),
    'Tolerance for exp and nbf of tokens.',
  ),
  databaseUrlVaults: row(
    'COFFER_DATABASE_URL_VAULT_MANAGEMENT',
    'database-url-vault-management',
    postgresUrl.optional(),
    'PostgreSQL of vault management. The standalone app takes all five or none: none starts an embedded server.',
  ),
  databaseUrlKeys: row(
    'COFFER_DATABASE_URL_CRYPTO_GATEWAY',
    'database-url-crypto-gateway',
    postgresUrl.optional(),
    'PostgreSQL of the crypto gateway.',
  ),
  databaseUrlPolicy: row(
    'COFFER_DATABASE_URL_POLICY_ENGINE',
    'database-url-policy-engine',
    postgresUrl.optional(),
    'PostgreSQL of the policy engine.',
  ),
  databaseUrlAudit: row(
    'COFFER_DATABASE_URL_AUDIT_LOG',
    'database-url-audit-log',
    postgresUrl.optional(),
    'PostgreSQL of the audit log.',
  ),
  databaseUrlIdentity: row(
    'COFFER_DATABASE_URL_IDENTITY',
    'database-url-identity',
    postgresUrl.optional(),
    'PostgreSQL of identity.',
  ),
  databasePasswordFile: row(
    'COFFER_DATABASE_PASSWORD_FILE',
    'database-password-file',
    file.optional(),
    "File with the password of a single service's database role, instead of one in its URL.",
  ),
  kafkaBrokers: row(
    'COFFER_KAFKA_BROKERS',
    'kafka-brokers',
    endpoints.optional(),
    'Kafka brokers of a single service: host:port, separated by commas.',
  ),
  kafkaUsername: row(
    'COFFER_KAFKA_USERNAME',
    'kafka-username',
    z.string().min(1).optional(),
    'SASL (SCRAM-SHA-512) user name. Default: the name of the client certificate, or none.',
  ),
  kafkaPasswordFile: row(
    'COFFER_KAFKA_PASSWORD_FILE',
    'kafka-password-file',
    file.optional(),
    'File with the SASL password.',
  ),
  kafkaTls: row(
    'COFFER_KAFKA_TLS',
    'kafka-tls',
    z.stringbool().default(false),
    "Speak TLS with the brokers, trusting the service CA and showing this service's certificate.",
  ),
  grpcPort: row(
    'COFFER_GRPC_PORT',
    'grpc-port',
    port.default(9443),
    'Port of a single service for calls of the other services (gRPC over mTLS).',
  ),
  grpcListen: row(
    'COFFER_GRPC_LISTEN',
    'grpc-listen',
    z
      .string()
      .refine((text) => isIP(text) !== 0, 'must be an IP address')
      .default('127.0.0.1'),
    'IP address to take calls of the other services on.',
  ),
  serviceCaFile: row(
    'COFFER_SERVICE_CA_FILE',
    'service-ca-file',
    file.optional(),
    'CA (PEM) that the certificates of services and of the edge must come from.',
  ),
  serviceCertFile: row(
    'COFFER_SERVICE_CERT_FILE',
    'service-cert-file',
    file.optional(),
    "This service's certificate (PEM) between services; its DNS name is the service's name.",
  ),
  serviceKeyFile: row(
    'COFFER_SERVICE_KEY_FILE',
    'service-key-file',
    file.optional(),
    'Private key of the service certificate (PEM).',
  ),
  behindEdge: row(
    'COFFER_BEHIND_EDGE',
    'behind-edge',
    z.stringbool().default(false),
    'Listen with the service certificate, for the edge alone (mTLS), and take the address of clients from it.',
  ),
  peerVaults: row(
    'COFFER_PEER_VAULT_MANAGEMENT',
    'peer-vault-management',
    endpoints.optional(),
    'Instances of vault management: host:port of their gRPC, separated by commas; one name may stand for several addresses.',
  ),
  peerKeys: row(
    'COFFER_PEER_CRYPTO_GATEWAY',
    'peer-crypto-gateway',
    endpoints.optional(),
    'Instances of the crypto gateway.',
  ),
  peerPolicy: row(
    'COFFER_PEER_POLICY_ENGINE',
    'peer-policy-engine',
    endpoints.optional(),
    'Instances of the policy engine.',
  ),
  peerIdentity: row('COFFER_PEER_IDENTITY', 'peer-identity', endpoints.optional(), 'Instances of identity.'),
  leaseMilliseconds: row(
    'COFFER_LEASE_MILLISECONDS',
    'lease-milliseconds',
    z.coerce.number().int().min(500).max(60_000).default(10_000),
    'How long an instance that is cut off may go on answering from memory, and a tightening change waits for it.',
  ),
  internalPort: row(
    'COFFER_INTERNAL_PORT',
    'internal-port',
    port.optional(),
    'Port for /metrics, /healthz and /readyz in plain HTTP. Default: none.',
  ),
  internalListen: row(
    'COFFER_INTERNAL_LISTEN',
    'internal-listen',
    addresses.default(['127.0.0.1']),
    'IP addresses of the internal port, separated by commas.',
  ),
  otlpUrl: row(
    'COFFER_OTLP_URL',
    'otlp-url',
    z.url().optional(),
    'Where traces are sent by OTLP/HTTP, as `http://collector:4318/v1/traces`. Default: no traces.',
  ),
  subscriptionId: row(
    'COFFER_SUBSCRIPTION_ID',
    'subscription-id',
    z.guid().toLowerCase().optional(),
    'Subscription (GUID) that the first start makes. Default: made at first start and kept.',
  ),
  administratorObjectId: row(
    'COFFER_ADMINISTRATOR_OBJECT_ID',
    'administrator-object-id',
    z.guid().toLowerCase().optional(),
    'Object id (GUID) of the first administrator; services of their own process must be told it alike.',
  ),
  administratorAppId: row(
    'COFFER_ADMINISTRATOR_APP_ID',
    'administrator-app-id',
    z.guid().toLowerCase().optional(),
    'Client id (GUID) of the first administrator.',
  ),
  administratorSecretFile: row(
    'COFFER_ADMINISTRATOR_SECRET_FILE',
    'administrator-secret-file',
    file.optional(),
    "File with the first administrator's client secret; read by identity at its first start.",
  ),
  auditKeyFile: row(
    'COFFER_AUDIT_KEY_FILE',
    'audit-key-file',
    file.optional(),
    'File of the Ed25519 key that signs tree heads, mode 0600; made at first start. Default: audit.key in the data directory.',
  ),
  logLevel: row(
    'COFFER_LOG_LEVEL',
    'log-level',
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    'Least severe messages that are logged.',
  ),
  dev: row(
    'COFFER_DEV',
    'dev',
    z.stringbool().default(false),
    'Fixed credentials, a subscription, a resource group and a vault named demo. Never in production.',
  ),
} as const;

interface Row<S extends z.ZodType> {
  readonly variable: string;
  readonly flag: string;
  readonly schema: S;
  readonly meaning: string;
}

function row<S extends z.ZodType>(variable: string, flag: string, schema: S, meaning: string): Row<S> {
  return { variable, flag, schema, meaning };
}

type Settings = typeof settings;
export type SettingName = keyof Settings;
export type Config = { readonly [K in SettingName]: z.output<Settings[K]['schema']> };
