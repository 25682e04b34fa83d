import { once } from 'node:events';
import { createServer as createPlainServer, type RequestListener, type Server as PlainServer } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Hosts } from '@coffer/wire';
import type { FastifyInstance } from 'fastify';
import { overrideMethod } from './method-override.js';
import { refuseUnreadable } from './unreadable.js';

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface ListenOptions {
  /** Names of this service: what is no HTTP is refused in the form of the one that was dialled. */
  readonly hosts: Hosts;
  /** IP addresses to bind, e.g. `127.0.0.1` and `::1`. */
  readonly addresses: readonly string[];
  /** 0 lets the system choose (for the first address; the others take the same). */
  readonly port: number;
  /** Options of `node:https`; without them the server speaks plain HTTP, for behind an edge. */
  readonly tls?: TlsMaterial;
  /** Only clients with a certificate of this CA (PEM) for this DNS name are served: the edge. */
  readonly onlyClient?: OnlyClient;
}

export interface OnlyClient {
  readonly ca: Buffer;
  readonly name: string;
}

export interface Listener {
  readonly port: number;
  /** New connections use this certificate from now on; established ones stay. */
  useTls(material: TlsMaterial): void;
  /** Stops accepting, lets running requests finish, cuts what still runs after `graceMilliseconds`. */
  close(graceMilliseconds: number): Promise<void>;
}

type Server = PlainServer | TlsServer;

/** Slow bodies must not hold a connection for ever. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than the idle time of common proxies, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
const IDLE_SWEEP_MS = 50;

/** Binds every address; all or none. Rejects with the system's error (`EADDRINUSE`, `EACCES`, …). */
export async function listen(app: FastifyInstance, options: ListenOptions): Promise<Listener> {
  await app.ready();
  const servers: Server[] = [];
  let port = options.port;
  try {
    for (const address of options.addresses) {
      const server = newServer((request, response) => {
        overrideMethod(request, options.hosts);
        app.routing(request, response);
      }, options);
      server.on('clientError', (error, socket) => {
        refuseUnreadable(error, socket, options.hosts);
      });
      await bind(server, address, port);
      servers.push(server);
      port = boundPort(server);
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return {
    port,
    useTls: ({ cert, key }) => {
      for (const server of servers)
        if ('setSecureContext' in server) {
          server.setSecureContext({ ...options.tls, ...clientCa(options.onlyClient), cert, key });
        }
    },
    close: async (graceMilliseconds) => {
      await Promise.all(servers.map((server) => drain(server, graceMilliseconds)));
      await app.close();
    },
  };
}

function newServer(onRequest: RequestListener, { tls, onlyClient }: ListenOptions): Server {
  const timeouts = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requireHostHeader: false, // asked for in the form of the wire (target.ts)
  };
  if (tls === undefined) return createPlainServer(timeouts, onRequest);
  if (onlyClient === undefined) return createTlsServer({ ...timeouts, ...tls }, onRequest);
  const mutual = { ...timeouts, ...tls, ...clientCa(onlyClient), requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer(mutual, onRequest);
  server.on('secureConnection', (socket) => {
    if (socket.getPeerCertificate().subjectaltname !== `DNS:${onlyClient.name}`) socket.destroy();
  });
  return server;
}

function clientCa(client: OnlyClient | undefined): { readonly ca?: Buffer } {
  return client === undefined ? {} : { ca: client.ca };
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port, backlog: 1024 });
  await once(server, 'listening'); // rejects on 'error'
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server is bound to no port');
  return address.port;
}

async function drain(server: Server, graceMilliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  // A connection becomes idle when its running request has been answered.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_SWEEP_MS);
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, graceMilliseconds);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
