import { CofferError } from '@coffer/kernel';
import type { Method, PublicHost } from '@coffer/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { admit, authenticate } from './admit.js';
import { DATA_PLANE_LIMIT, MANAGEMENT_LIMIT, parseJsonBody } from './body.js';
import { Exchange } from './exchange.js';
import { admitLargeBody } from './large-bodies.js';
import type { HttpPorts } from './ports.js';
import { methodNotAllowed, routeNotFound } from './refusals.js';
import { respond, respondError, unrecordable } from './respond.js';
import type { MountedOperation } from './surface.js';
import { targetOf } from './target.js';

/** Of the operations; HEAD and OPTIONS are answered, too, with a refusal. */
export const METHODS: readonly Method[] = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];
/** Parameters that callers choose freely; versions are not among them. */
const NAME = /^:(name|account)$/;
const ANSWERED = [...METHODS, 'HEAD', 'OPTIONS'] as const;

/** Registers every operation of every surface, and an answer in the wire's form for whatever is none. */
export function mountSurfaces(server: FastifyInstance, ports: HttpPorts): void {
  if (ports.answered !== undefined || ports.trace !== undefined) observe(server, ports.answered);
  const operations = ports.surfaces.flat();
  for (const mounted of operations) {
    for (const path of mounted.operation.paths) mount(server, ports, mounted, mounted.operation.method, path);
  }
  const paths = pathsOf(operations);
  for (const [host, path, own] of paths) {
    const general = paths.filter((other) => other[0] === host && namesAny(other[1], path));
    const methods = new Set([...own, ...general.flatMap((other) => [...other[2]])]);
    const known = stray(ports, host, methodNotAllowed([...methods]));
    for (const method of ANSWERED) if (!isOneOf(methods, method)) mount(server, ports, known, method, path);
  }
  for (const host of new Set(operations.map(({ operation }) => operation.host))) {
    if (host === 'login' && ports.login !== undefined) continue;
    const nothing = stray(ports, host, routeNotFound());
    for (const method of ANSWERED) for (const path of ['/', '/*']) mount(server, ports, nothing, method, path);
  }
}

function isOneOf(methods: ReadonlySet<string>, method: string): boolean {
  return methods.has(method);
}

function observe(server: FastifyInstance, answered: HttpPorts['answered']): void {
  server.addHook('onResponse', (request, reply, done) => {
    const exchange = exchangeOf(request);
    if (exchange !== undefined) {
      const { decision, properties } = exchange;
      const algorithm = properties?.['algorithm'];
      exchange.span?.end(reply.statusCode, exchange.requestId);
      answered?.({
        operation: exchange.operation,
        status: reply.statusCode,
        milliseconds: reply.elapsedTime,
        ...(decision === undefined ? {} : { decision: { effect: decision.effect, reason: decision.reason } }),
        ...(typeof algorithm === 'string' ? { algorithm } : {}),
      });
    }
    done();
  });
}

function mount(
  server: FastifyInstance,
  ports: HttpPorts,
  mounted: MountedOperation,
  method: (typeof ANSWERED)[number],
  path: string,
): void {
  const { host, bodyLimit } = mounted.operation;
  server.route({
    method,
    url: `/${host}${path}`,
    bodyLimit: bodyLimit ?? (host === 'vault' ? DATA_PLANE_LIMIT : MANAGEMENT_LIMIT),
    // Runs before the body is read: clients probe with a PUT that has none.
    onRequest: async (request, reply) => {
      const exchange = begin(request, mounted, ports);
      await within(exchange, () => (isStray(mounted) ? authenticate(exchange, ports) : admit(exchange, ports)));
      if (bodyLimit !== undefined) admitLargeBody(request.headers['content-length'], reply.raw);
    },
    handler: (request, reply) => {
      const exchange = exchangeOf(request);
      if (exchange === undefined) throw new Error('a request reached its handler without being admitted');
      return within(exchange, () => answer(exchange, reply));
    },
    errorHandler: (error, request, reply) => {
      const exchange = exchangeOf(request) ?? begin(request, mounted, ports);
      respondError(reply, exchange, error, ports).catch((fault: unknown) => {
        ports.log.fault(fault, exchange);
        reply.raw.destroy();
      });
    },
  });
}

/** Handler, then the audit record, then the answer: never in another order. */
async function answer(exchange: Exchange, reply: FastifyReply): Promise<FastifyReply> {
  const { request } = exchange;
  const { operation, handler, audit } = exchange.mounted;
  const body = operation.body === 'json' ? parseJsonBody(request.body, request.headers['content-type']) : undefined;
  const result = await handler(exchange, body);
  const status = result.status ?? operation.status;
  if (!exchange.recorded) {
    try {
      await audit.record(exchange.row(status));
    } catch (error) {
      throw unrecordable(error);
    }
  }
  return respond(reply, exchange, status, result);
}

function begin(request: FastifyRequest, mounted: MountedOperation, ports: HttpPorts): Exchange {
  const target = targetOf(request.raw);
  if (target === undefined) throw new Error('a request was routed without a target');
  const { clock, region, behindEdge = false } = ports;
  const span = ports.trace?.(mounted.name, request.method, (name) => text(request.headers[name]));
  const now = clock.now();
  const exchange = new Exchange(mounted, request, target, region, now, clock.monotonic(), clock, behindEdge, span);
  (request as Admitted).exchange = exchange;
  return exchange;
}

/** Does the work as a part of the request's trace. */
function within<T>({ span }: Exchange, work: () => T): T {
  return span === undefined ? work() : span.within(work);
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

interface Admitted extends FastifyRequest {
  exchange: Exchange | null;
}

function exchangeOf(request: FastifyRequest): Exchange | undefined {
  return (request as Admitted).exchange ?? undefined;
}

const strays = new WeakSet<MountedOperation>();

function isStray(mounted: MountedOperation): boolean {
  return strays.has(mounted);
}

/** Stands for requests that are no operation; they are authenticated first, so that a path tells strangers nothing. */
function stray(ports: HttpPorts, host: PublicHost, refusal: CofferError): MountedOperation {
  const mounted: MountedOperation = {
    name: 'Unknown',
    operation: { method: 'GET', host, paths: [], access: { plane: 'anonymous' }, status: 200, body: 'none' },
    handler: () => Promise.reject(refusal),
    service: ports.strayAudit.service,
    audit: ports.strayAudit.sink,
  };
  strays.add(mounted);
  return mounted;
}

/** True when a word of `path` may as well be the name of an object under `general`: a key may be called `restore`. */
function namesAny(general: string, path: string): boolean {
  const [words, wanted] = [path.split('/'), general.split('/')];
  if (words.length !== wanted.length || path === general) return false;
  return wanted.every((word, i) => word === words[i] || (NAME.test(word) && /^\w/.test(words[i] ?? '')));
}

function pathsOf(operations: readonly MountedOperation[]): (readonly [PublicHost, string, ReadonlySet<Method>])[] {
  const paths = new Map<string, [PublicHost, string, Set<Method>]>();
  for (const { operation } of operations) {
    for (const path of operation.paths) {
      // Two tables may name one parameter differently; the router sees one path.
      const key = `${operation.host} ${path.replace(/:\w+/g, ':').toLowerCase()}`;
      const entry = paths.get(key) ?? [operation.host, path, new Set()];
      entry[2].add(operation.method);
      paths.set(key, entry);
    }
  }
  return [...paths.values()];
}
