import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, SignJWT, type JWK } from 'jose';

/** An attestation service on the loopback interface: OIDC metadata, keys, and tokens for whatever is claimed. */
export interface AttestationService {
  readonly issuer: string;
  readonly key: KeyObject;
  readonly jwks: { keys: JWK[] };
  /** Documents asked for. */
  readonly asked: string[];
  token(claims: Readonly<Record<string, unknown>>, options?: TokenOptions): Promise<string>;
  close(): Promise<void>;
}

export interface TokenOptions {
  readonly issuer?: string;
  readonly key?: KeyObject;
  readonly kid?: string;
  /** Unix seconds. */
  readonly expires?: number;
  readonly notBefore?: number;
  readonly header?: Readonly<Record<string, unknown>>;
}

const KID = 'attestation-1';

export async function startAttestationService(): Promise<AttestationService> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: KID, use: 'sig' }] as JWK[] };
  const asked: string[] = [];
  let issuer = '';
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const documents: Readonly<Record<string, unknown>> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/certs` },
      '/certs': jwks,
    };
    response.writeHead(documents[path] === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(documents[path] ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    key: privateKey,
    jwks,
    asked,
    token: (claims, options = {}) => {
      const jwt = new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: options.kid ?? KID, ...options.header })
        .setIssuer(options.issuer ?? issuer)
        .setExpirationTime(options.expires ?? Math.floor(Date.now() / 1000) + 3600);
      if (options.notBefore !== undefined) jwt.setNotBefore(options.notBefore);
      return jwt.sign(options.key ?? privateKey);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An environment with a key of its own, as its attestation names it. */
export function attestedEnvironment(modulusLength = 2048) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const { n, e } = publicKey.export({ format: 'jwk' });
  const jwk = { kty: 'RSA', kid: 'ephemeral', key_ops: ['encrypt'], n, e };
  return { privateKey, jwk, runtime: { 'x-ms-runtime': { keys: [jwk] } } };
}
