import type { IncomingMessage } from 'node:http';

const HEADERS = ['x-http-method', 'x-http-request'] as const;
const METHODS: readonly string[] = ['DELETE', 'PATCH', 'PUT', 'GET'];

/**
 * Verb override (azure-api 0.2): for clients, and proxies between, that can send nothing but GET and POST, a POST stands for
 * the method that its header names. Whatever the header says besides is left for what it is.
 */
export function overrideMethod(request: Pick<IncomingMessage, 'method' | 'headers'>): void {
  if (request.method !== 'POST') return;
  for (const header of HEADERS) {
    const wanted = request.headers[header];
    if (typeof wanted === 'string' && METHODS.includes(wanted.toUpperCase())) request.method = wanted.toUpperCase();
  }
}
