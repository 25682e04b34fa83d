import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Metrics } from './metrics.js';

export interface InternalServerOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly metrics: Metrics;
  /** Rejects while the process cannot work. */
  readonly ready: () => Promise<void>;
}

/** `/metrics` (Prometheus), `/healthz` and `/readyz` in plain HTTP, for a network that no client reaches. Rejects when a port is taken. */
export async function startInternalServer(options: InternalServerOptions): Promise<{ close(): Promise<void> }> {
  const servers = options.addresses.map(() =>
    createServer((request, response) => {
      answer(request, response, options).catch(() => {
        response.writeHead(500).end();
      });
    }),
  );
  await Promise.all(
    servers.map((server, i) => {
      server.listen({ host: options.addresses[i], port: options.port });
      return once(server, 'listening');
    }),
  );
  return {
    close: async () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      await Promise.resolve();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, { metrics, ready }: InternalServerOptions) {
  switch (request.url?.split('?', 1)[0]) {
    case '/metrics': {
      const text = await metrics.registry.metrics();
      response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text);
      return;
    }
    case '/healthz':
      response.writeHead(200).end('ok');
      return;
    case '/readyz':
      try {
        await ready();
        response.writeHead(200).end('ready');
      } catch {
        response.writeHead(503).end('not ready');
      }
      return;
    default:
      response.writeHead(404).end();
  }
}
