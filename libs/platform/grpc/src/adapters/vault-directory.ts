import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import type { VaultChange, VaultDirectoryOwner, VaultDirectorySource } from '@coffer/contracts';
import { CofferError, isCofferError } from '@coffer/kernel';
import type { VaultSnapshot } from '@coffer/wire';
import { leaseStreamOf, runLeaseCall, type WireReply, type WireRequest } from '../lease-calls.js';
import type { Peer } from '../peer.js';
import type { GrpcBinding } from '../server.js';
import { fromVaultMessage, toVaultMessage, type VaultMessage } from './vault-message.js';

const PACKAGE = 'coffer.vaults.v1';
const SERVICE = 'VaultDirectory';
/** Of a vault's name in a request; longer ones are no names. */
const MAX_NAME = 63;

interface WireChange {
  readonly change: number;
  readonly vaultId: string;
}

/** Vault management's directory for other processes (proto/vault_directory.proto). */
export function vaultDirectoryBinding(owner: VaultDirectoryOwner, callers: readonly string[]): GrpcBinding {
  @Controller()
  class VaultDirectoryController {
    @GrpcMethod(SERVICE, 'ByName')
    async byName({ name }: { readonly name: string }): Promise<VaultMessage> {
      if (name.length === 0 || name.length > MAX_NAME)
        throw new CofferError('BadParameter', 'The name is none of a vault.');
      return found(await owner.byName(name));
    }

    @GrpcMethod(SERVICE, 'ById')
    async byId({ vaultId }: { readonly vaultId: string }): Promise<VaultMessage> {
      return found(await owner.byId(vaultId));
    }

    @GrpcStreamCall(SERVICE, 'Lease')
    lease(call: ServerDuplexStream<WireRequest, WireReply<WireChange>>): Promise<void> {
      return runLeaseCall<VaultChange, WireChange>(
        call,
        (lease) => owner.lease(lease),
        ({ number, vaultId }) => ({ change: number, vaultId }),
      );
    }
  }
  const allow = Object.fromEntries(
    ['ByName', 'ById', 'Lease'].map((method) => [`/${PACKAGE}.${SERVICE}/${method}`, callers]),
  );
  return { package: PACKAGE, controllers: [VaultDirectoryController], allow };
}

function found(vault: VaultSnapshot | undefined): VaultMessage {
  if (vault === undefined) throw new CofferError('ResourceNotFound', 'There is no such vault.');
  return toVaultMessage(vault);
}

/** The directory of another process; every look-up is a call. */
export function remoteVaultDirectory(peer: Peer): VaultDirectorySource {
  const look = async (method: string, request: object): Promise<VaultSnapshot | undefined> => {
    try {
      return fromVaultMessage(await peer.call<VaultMessage>(PACKAGE, SERVICE, method, request, { idempotent: true }));
    } catch (error) {
      if (isCofferError(error, 'ResourceNotFound')) return undefined;
      throw error;
    }
  };
  return {
    byName: (name) => (name.length > MAX_NAME ? Promise.resolve(undefined) : look('byName', { name })),
    byId: (vaultId) => look('byId', { vaultId }),
    lease: () =>
      leaseStreamOf<VaultChange, WireChange>(peer.stream(PACKAGE, SERVICE, 'lease'), ({ change, vaultId }) => ({
        number: change,
        vaultId,
      })),
  };
}
