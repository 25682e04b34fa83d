export {
  watchCertificates,
  type Certificates,
  type ServiceCertificateFiles,
  type WatchCertificatesOptions,
} from './certificates.js';
export { peerOf, type AllowList, type Refusal } from './guard.js';
export { target } from './instances.js';
export type { ArrivingCall, CallObserver, LeavingCall } from './observer.js';
export { Peer, type CallOptions, type PeerOptions } from './peer.js';
export { startGrpcServer, type GrpcBinding, type GrpcServer, type GrpcServerOptions } from './server.js';
export { fromStatus, statusOf, toStatus } from './status.js';
export { ownerLogBinding, remoteOwnerLog } from './adapters/owner-log.js';
export { policyBinding, remotePolicy } from './adapters/policy.js';
export { remoteSigningKeys, signingKeysBinding, type PublishedKeys } from './adapters/signing-keys.js';
export { remoteVaultDirectory, vaultDirectoryBinding } from './adapters/vault-directory.js';
export { remoteVaultKeys, vaultKeysBinding, type RemotePurpose } from './adapters/vault-keys.js';
