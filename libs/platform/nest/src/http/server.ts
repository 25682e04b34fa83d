import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { CofferError } from '@coffer/kernel';
import { takeBodiesAsBytes } from './body.js';
import type { HttpPorts } from './ports.js';
import { methodNotAllowed, routeNotFound } from './refusals.js';
import { METHODS, mountSurfaces } from './routes.js';
import { sendError } from './respond.js';
import { hasOneHost, routerPath, targetOf } from './target.js';

/** Longer than any name the wire allows; longer segments are answered with 400. */
const MAX_SEGMENT = 512;

/** The public HTTP surface of one or more services; `listen` (listener.ts) gives it sockets. */
export function createHttpServer(ports: HttpPorts): FastifyInstance {
  const server = fastify({
    rewriteUrl: (request) => routerPath(request, ports.hosts),
    exposeHeadRoutes: false,
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: MAX_SEGMENT,
    },
    // A URL that the router cannot read: no route, no operation.
    frameworkErrors: (error, request, reply) => {
      void sendError(reply, error, targetOf(request.raw)?.host ?? 'management');
    },
  });
  takeBodiesAsBytes(server);
  server.decorateRequest('exchange', null);
  mountSurfaces(server, ports);
  mountProbes(server, ports);
  mountLogin(server, ports);
  server.setNotFoundHandler((request, reply) => answerUnrouted(request, reply, ports));
  return server;
}

/** What reaches no route: it is addressed to nobody, or has a method that no path has. */
function answerUnrouted({ raw }: FastifyRequest, reply: FastifyReply, { hosts }: HttpPorts): FastifyReply {
  const { host } = targetOf(raw) ?? hosts.resolve(raw.headers.host) ?? { host: 'management' };
  return sendError(reply, unrouted(raw), host);
}

function unrouted(request: FastifyRequest['raw']): CofferError {
  if (!hasOneHost(request)) return new CofferError('BadParameter', 'The request must have exactly one Host header.');
  if (targetOf(request) === undefined) {
    return new CofferError('RouteNotFound', 'The host name of the request is not one of this service.');
  }
  const isKnown = METHODS.some((method) => method === request.method);
  return isKnown ? routeNotFound() : methodNotAllowed(METHODS);
}

/** Liveness and readiness, on any host name and without a token; they say nothing but yes or no. */
function mountProbes(server: FastifyInstance, ports: HttpPorts): void {
  const method = ['GET', 'HEAD'];
  server.route({ method, url: '/probe/healthz', handler: (_request, reply) => reply.send('ok') });
  server.route({
    method,
    url: '/probe/readyz',
    handler: async (_request, reply) => {
      try {
        await ports.ready();
        return await reply.send('ready');
      } catch {
        return reply.code(503).send('not ready');
      }
    },
  });
}

/** Sign-in is another protocol with its own bodies and errors: requests are handed over as they came. */
function mountLogin(server: FastifyInstance, { login }: HttpPorts): void {
  if (login === undefined) return;
  server.all('/login/*', {
    onRequest: async (request, reply) => {
      reply.hijack();
      request.raw.url = request.originalUrl;
      await login(request.raw, reply.raw);
    },
    handler: (_request, reply) => reply,
  });
}
