import type { IncomingMessage } from 'node:http';
import type { Hosts } from '@coffer/wire';

const HEADERS = ['x-http-method', 'x-http-request'] as const;
const METHODS: readonly string[] = ['DELETE', 'PATCH', 'PUT', 'GET'];

/**
 * Verb override of the data plane (azure-api 0.2): for clients, and proxies between, that can send nothing but GET and POST,
 * a POST to a vault stands for the method that its header names. Whatever the header says besides is left for what it is;
 * of two headers that name methods, `X-HTTP-METHOD` counts.
 */
export function overrideMethod(request: Pick<IncomingMessage, 'method' | 'headers'>, hosts: Hosts): void {
  if (request.method !== 'POST') return;
  const header = HEADERS.find((name) => request.headers[name] !== undefined);
  if (header === undefined || hosts.resolve(request.headers.host)?.host !== 'vault') return;
  const wanted = String(request.headers[header]).toUpperCase();
  if (METHODS.includes(wanted)) request.method = wanted;
}
