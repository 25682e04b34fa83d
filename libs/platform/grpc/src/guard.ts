import { Metadata, ServerInterceptingCall, status, type ServerInterceptor, type StatusObject } from '@grpc/grpc-js';
import type { PeerCertificate } from 'node:tls';
import type { CallObserver } from './observer.js';

/** Who may call: full method path (`/package.Service/Method`) → names of services. */
export type AllowList = Readonly<Record<string, readonly string[]>>;

/** A call that was refused before it reached its method. */
export interface Refusal {
  readonly method: string;
  /** Name in the caller's certificate; '' when there is none that the CA has signed. */
  readonly peer: string;
  readonly address: string;
}

export interface GuardOptions {
  readonly allow: AllowList;
  readonly onRefused: (refusal: Refusal) => void;
  readonly observer?: CallObserver;
}

/** Under this key a method finds the caller's name in its metadata; what a caller sends there is dropped. */
const PEER = 'coffer-peer';
const HEALTH = '/grpc.health.v1.Health/';

export function peerOf(metadata: Metadata): string {
  return String(metadata.get(PEER)[0] ?? '');
}

/**
 * Lets a call through when its certificate's name stands in the list of its method; every other call is refused before a
 * byte of its request is looked at, and reported. Health may be asked by any service of the installation.
 */
export function guard({ allow, onRefused, observer }: GuardOptions): ServerInterceptor {
  return ({ path }, call) => {
    const began = performance.now();
    const auth = call.getAuthContext();
    const peer = nameIn(auth.sslPeerCertificate);
    const listed = path.startsWith(HEALTH) ? peer !== '' : (allow[path] ?? []).includes(peer);
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, forward) => {
            if (!listed) {
              onRefused({ method: path, peer, address: call.getPeer() });
              call.sendStatus(refusal(peer));
              return;
            }
            metadata.set(PEER, peer);
            forward(metadata);
          },
          onReceiveMessage: (message, forward) => {
            if (listed) forward(message);
          },
          onReceiveHalfClose: (forward) => {
            if (listed) forward();
          },
        });
      },
      sendStatus: (result, next) => {
        observer?.called?.('server', path, result.code, performance.now() - began);
        next(result);
      },
    });
  };
}

function refusal(peer: string): StatusObject {
  const [code, details] =
    peer === ''
      ? [status.UNAUTHENTICATED, 'A certificate of this installation is needed.']
      : [status.PERMISSION_DENIED, `${peer} may not call this method.`];
  return { code, details, metadata: new Metadata() };
}

/** The first DNS name of a certificate that the CA has signed; '' when there is none. */
function nameIn(certificate: PeerCertificate | undefined): string {
  return /^DNS:([a-z0-9-]+)(?:,|$)/.exec(certificate?.subjectaltname ?? '')?.[1] ?? '';
}
