import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { VaultKey, VaultKeySource } from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import { peerOf } from '../guard.js';
import type { Peer } from '../peer.js';
import type { GrpcBinding } from '../server.js';

const PACKAGE = 'coffer.crypto.v1';
const SERVICE = 'VaultKeys';
/** A receiver keeps a KEK in memory no longer than this. */
const MAX_AGE_SECONDS = 60;

/** Which purpose a service may have KEKs of: by the name in its certificate, whatever it asks for. */
const purposes = { 'vault-management': 'secrets', identity: 'identity' } as const;
export type RemotePurpose = (typeof purposes)[keyof typeof purposes];
type WirePurpose = 'PURPOSE_SECRETS' | 'PURPOSE_IDENTITY' | 'PURPOSE_KEYS' | 'PURPOSE_UNSPECIFIED';

const wirePurposes: Readonly<Record<RemotePurpose, WirePurpose>> = {
  secrets: 'PURPOSE_SECRETS',
  identity: 'PURPOSE_IDENTITY',
};

interface KeyRequest {
  readonly vaultId: string;
  readonly purpose: WirePurpose;
  readonly term?: number;
}

interface WireVaultKey {
  readonly term: number;
  readonly key: Buffer;
  readonly maxAgeSeconds: number;
}

/** Hands KEKs to the services that seal their own data (proto/crypto.proto). */
export function vaultKeysBinding(sources: Readonly<Record<RemotePurpose, VaultKeySource>>): GrpcBinding {
  const sourceFor = ({ purpose }: KeyRequest, metadata: Metadata): VaultKeySource => {
    const own = (purposes as Readonly<Record<string, RemotePurpose | undefined>>)[peerOf(metadata)];
    if (own === undefined || wirePurposes[own] !== purpose) {
      throw new CofferError('AccessDenied', 'Keys of this purpose are not for this caller.');
    }
    return sources[own];
  };

  @Controller()
  class VaultKeysController {
    @GrpcMethod(SERVICE, 'Current')
    async current(request: KeyRequest, metadata: Metadata): Promise<WireVaultKey> {
      return toWire(await sourceFor(request, metadata).current(request.vaultId));
    }

    @GrpcMethod(SERVICE, 'ByTerm')
    async byTerm(request: KeyRequest, metadata: Metadata): Promise<WireVaultKey> {
      return toWire(await sourceFor(request, metadata).byTerm(request.vaultId, request.term ?? 0));
    }
  }
  const callers = Object.keys(purposes);
  return {
    package: PACKAGE,
    controllers: [VaultKeysController],
    allow: { [`/${PACKAGE}.${SERVICE}/Current`]: callers, [`/${PACKAGE}.${SERVICE}/ByTerm`]: callers },
  };
}

/** The KEKs of one purpose, from the crypto gateway. */
export function remoteVaultKeys(peer: Peer, purpose: RemotePurpose): VaultKeySource {
  const ask = async (method: string, request: object): Promise<VaultKey> => {
    const { term, key } = await peer.call<WireVaultKey>(
      PACKAGE,
      SERVICE,
      method,
      { ...request, purpose: wirePurposes[purpose] },
      { idempotent: true },
    );
    return { term, key: SecretBytes.own(key) };
  };
  return {
    current: (vaultId) => ask('current', { vaultId }),
    byTerm: (vaultId, term) => ask('byTerm', { vaultId, term }),
  };
}

/** A copy for the wire: the source's own bytes are wiped when it forgets them. */
function toWire({ term, key }: VaultKey): WireVaultKey {
  return { term, key: Buffer.from(key.expose()), maxAgeSeconds: MAX_AGE_SECONDS };
}
