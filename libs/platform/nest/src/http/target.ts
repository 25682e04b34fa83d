import type { IncomingMessage } from 'node:http';
import type { Hosts, HostTarget } from '@coffer/wire';

const TARGET = Symbol('target');

type Targeted = IncomingMessage & { [TARGET]?: HostTarget };

/** What the Host header of a request addressed; `undefined` for names that are not ours. */
export function targetOf(request: IncomingMessage): HostTarget | undefined {
  return (request as Targeted)[TARGET];
}

/**
 * Makes the router's path from host and path: `/vault/keys/…`, `/management/subscriptions/…`. One router then tells the
 * hosts apart by a static prefix, and no path of one host can be reached through another.
 */
export function routerPath(request: IncomingMessage, hosts: Hosts): string {
  const url = request.url ?? '/';
  // An absolute form or `*` (RFC 9112 §3.2) addresses none of our paths.
  const path = url.startsWith('/') ? url : '/';
  if (path === '/healthz' || path === '/readyz') return `/probe${path}`;
  const target = hosts.resolve(request.headers.host);
  if (target === undefined) return `/unknown${path}`;
  (request as Targeted)[TARGET] = target;
  return `/${target.host}${path}`;
}
