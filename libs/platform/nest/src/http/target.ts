import type { IncomingMessage } from 'node:http';
import type { Hosts, HostTarget } from '@coffer/wire';

const TARGET = Symbol('target');

type Targeted = IncomingMessage & { [TARGET]?: HostTarget };

/** What the Host header of a request addressed; `undefined` for names that are not ours. */
export function targetOf(request: IncomingMessage): HostTarget | undefined {
  return (request as Targeted)[TARGET];
}

const PROBE = /^\/(healthz|readyz)(\?|$)/;

/**
 * RFC 9112 §3.2: a request with two Host headers, or of HTTP/1.1 without one, is refused. Two readers could each go by
 * another one of them.
 */
export function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}

/**
 * Makes the router's path from host and path: `/vault/keys/…`, `/management/subscriptions/…`. One router then tells the
 * hosts apart by a static prefix, and no path of one host can be reached through another.
 */
export function routerPath(request: IncomingMessage, hosts: Hosts): string {
  const url = request.url ?? '/';
  // An absolute form or `*` (RFC 9112 §3.2) addresses none of our paths.
  const path = url.startsWith('/') ? url : '/';
  if (!hasOneHost(request)) return `/unknown${path}`;
  if (PROBE.test(path)) return `/probe${path}`;
  const target = hosts.resolve(request.headers.host);
  if (target === undefined) return `/unknown${path}`;
  (request as Targeted)[TARGET] = target;
  return `/${target.host}${path}`;
}
