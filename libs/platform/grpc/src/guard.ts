import { Metadata, ServerInterceptingCall, status, type ServerInterceptor, type StatusObject } from '@grpc/grpc-js';
import type { PeerCertificate } from 'node:tls';
import { ActiveCalls } from './active-calls.js';
import type { ArrivingCall, CallObserver } from './observer.js';

/** Who may call: full method path (`/package.Service/Method`) → names of services. */
export type AllowList = Readonly<Record<string, readonly string[]>>;

/** A call that was refused, before it reached its method or by it. */
export interface Refusal {
  readonly method: string;
  /** Name in the caller's certificate; '' when there is none that the CA has signed. */
  readonly peer: string;
  /** IP address without the port. */
  readonly address: string;
  /** The caller stands in the method's list: the method refused what it asked for. */
  readonly listed: boolean;
}

export interface GuardOptions {
  readonly allow: AllowList;
  /** The refusal is answered when what this returns has settled, whichever way. */
  readonly onRefused: (refusal: Refusal) => void | Promise<void>;
  readonly observer?: CallObserver;
  /** Full method path → milliseconds that a call may take; 10,000 for the others. Calls that stream requests may stay. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** Under this key a method finds the caller's name in its metadata; what a caller sends there is dropped. */
const PEER = 'coffer-peer';
const HEALTH = '/grpc.health.v1.Health/';
const LIMIT_MS = 10_000;

export function peerOf(metadata: Metadata): string {
  return String(metadata.get(PEER)[0] ?? '');
}

/**
 * Lets a call through when its certificate's name stands in the list of its method; every other call is refused before a
 * byte of its request is looked at, and reported. Health may be asked by any service of the installation. A call that sets
 * itself no deadline, or a late one, ends at the method's limit.
 */
export function guard(options: GuardOptions, active = new ActiveCalls()): ServerInterceptor {
  const { allow, observer, limits = {} } = options;
  return ({ path, requestStream }, call) => {
    const peer = nameIn(call.getAuthContext().sslPeerCertificate);
    const healthy = path.startsWith(HEALTH);
    const listed = healthy ? peer !== '' : (allow[path] ?? []).includes(peer);
    const address = plain(call.getConnectionInfo().remoteAddress ?? '');
    const report = () => settled(async () => options.onRefused({ method: path, peer, address, listed }));
    const stays = requestStream || healthy;
    const ended = active.begin({
      stays,
      ...(stays ? {} : { limit: limitOf(limits[path] ?? LIMIT_MS, call.getDeadline()) }),
      end: (code, details) => {
        ended(code);
        call.sendStatus({ code, details });
      },
      onEnd: (code, milliseconds) => {
        observer?.called?.('server', path, code, milliseconds);
        arrived?.end(code);
      },
    });
    let arrived: ArrivingCall | undefined;
    const within = (work: () => void): void => {
      if (arrived === undefined) work();
      else arrived.within(work);
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, forward) => {
            if (!listed) {
              ended(refusal(peer).code);
              void report().then(() => {
                call.sendStatus(refusal(peer));
              });
              return;
            }
            metadata.set(PEER, peer);
            const header = (name: string) => metadata.get(name)[0]?.toString();
            arrived = observer?.arrives?.(path, header);
            within(() => {
              forward(metadata);
            });
          },
          onReceiveMessage: (message, forward) => {
            if (listed) forward(message);
          },
          onReceiveHalfClose: (forward) => {
            if (listed) within(forward);
          },
          onCancel: () => {
            ended(status.CANCELLED);
          },
        });
      },
      sendStatus: (result, next) => {
        ended(result.code);
        if (result.code !== status.PERMISSION_DENIED) {
          next(result);
          return;
        }
        // The method itself knows what its callers may ask for.
        void report().then(() => {
          next(result);
        });
      },
    });
  };
}

/** Undefined when the caller's own deadline (a time, or Infinity for none) comes before the limit. */
function limitOf(milliseconds: number, deadline: Date | number): number | undefined {
  return Number(deadline) - Date.now() > milliseconds ? milliseconds : undefined;
}

function settled(work: () => Promise<void>): Promise<void> {
  return work().catch(() => undefined);
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

/** An IPv4 address as such, also where the socket is an IPv6 one. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
