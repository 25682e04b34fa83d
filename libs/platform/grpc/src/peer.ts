import {
  connectivityState,
  experimental,
  Metadata,
  status,
  type Client,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { channelOptions } from './channel-options.js';
import type { Certificates } from './certificates.js';
import { target } from './instances.js';
import type { CallObserver } from './observer.js';
import { clientConstructor, type CallableName } from './proto.js';
import { fromStatus } from './status.js';

export interface PeerOptions {
  /** The service's name, which its certificate must carry. */
  readonly service: string;
  /** `host:port` of its instances: IP addresses (IPv6 in brackets), and names, each of which may stand for several. */
  readonly endpoints: readonly string[];
  readonly certificates: Certificates;
  readonly observer?: CallObserver;
}

export interface CallOptions {
  /** Milliseconds for the whole call with its repetitions; default 3,000. */
  readonly deadlineMs?: number;
  /** May be made twice: repeated, on another instance, when one does not answer. */
  readonly idempotent?: boolean;
}

const DEADLINE_MS = 3_000;
const ATTEMPTS = 4;
/** An instance that does not answer within this part of the deadline is given up for another one. */
const PART_OF_DEADLINE = 1 / 3;
const FIRST_BACK_OFF_MS = 25;
/** A connection that does not come about in this time is tried anew: the library itself would wait for the system to give up. */
const CONNECT_MS = 4_000;
const WATCH_MS = 500;

/** Another service of the installation, as this process calls it. */
export class Peer {
  readonly #clients = new Map<string, { readonly client: Client; readonly watch: NodeJS.Timeout }>();

  constructor(private readonly options: PeerOptions) {}

  /**
   * A unary call. Throws the CofferError that the method threw; ServiceUnavailable when no instance answers. `Reply` is the
   * caller's claim about the contract.
   */
  async call<Reply>(
    name: CallableName,
    service: string,
    method: string,
    request: object,
    { deadlineMs = DEADLINE_MS, idempotent = false }: CallOptions = {},
  ): Promise<Reply> {
    const until = performance.now() + deadlineMs;
    for (let attempt = 1; ; attempt += 1) {
      const left = until - performance.now();
      try {
        return await this.#once<Reply>(
          name,
          service,
          method,
          request,
          idempotent ? Math.min(deadlineMs * PART_OF_DEADLINE, left) : left,
        );
      } catch (error) {
        const failed = error as ServiceError;
        const pause = Math.random() * FIRST_BACK_OFF_MS * 2 ** attempt;
        const again = idempotent && attempt < ATTEMPTS && isAway(failed) && performance.now() + pause < until;
        if (!again) throw fromStatus(failed, this.options.service);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** What one of the instances says of itself (grpc.health.v1): `SERVING`, `NOT_SERVING`. Throws as `call`. */
  async health(): Promise<string> {
    const name = 'grpc.health.v1';
    return (await this.call<{ readonly status: string }>(name, 'Health', 'check', {}, { idempotent: true })).status;
  }

  /** A call that streams both ways, on one instance; it lasts until either side ends it. */
  stream<Request, Reply>(name: CallableName, service: string, method: string): ClientDuplexStream<Request, Reply> {
    const client = this.#client(name, service) as unknown as Methods;
    const { headers, end } = this.#leaves(name, service, method);
    const stream = open(client, method).call(client, headers) as ClientDuplexStream<Request, Reply>;
    stream.on('status', ({ code }: { readonly code: number }) => {
      end(code);
    });
    return stream;
  }

  /** Calls that run are ended as if no instance answered. */
  close(): void {
    for (const key of [...this.#clients.keys()]) this.#forget(key);
  }

  /** A call that is answered with several messages: all of them. Throws as `call`. */
  async collect<Reply>(name: CallableName, service: string, method: string, request: object): Promise<Reply[]> {
    const client = this.#client(name, service) as unknown as Methods;
    const deadline = Date.now() + DEADLINE_MS;
    const { headers, end } = this.#leaves(name, service, method);
    const replies: Reply[] = [];
    try {
      const stream = open(client, method).call(client, request, headers, { deadline });
      for await (const reply of stream as AsyncIterable<Reply>) replies.push(reply);
      end(status.OK);
      return replies;
    } catch (error) {
      end((error as ServiceError).code);
      throw fromStatus(error as ServiceError, this.options.service);
    }
  }

  #once<Reply>(
    name: CallableName,
    service: string,
    method: string,
    request: object,
    milliseconds: number,
  ): Promise<Reply> {
    const client = this.#client(name, service) as unknown as Methods;
    const deadline = Date.now() + Math.max(1, milliseconds);
    const { headers, end } = this.#leaves(name, service, method);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, reply?: unknown) => {
        end(error?.code ?? status.OK);
        if (error !== null) reject(error);
        else resolve(reply as Reply);
      };
      open(client, method).call(client, request, headers, { deadline }, done);
    });
  }

  #leaves(name: CallableName, service: string, method: string) {
    const { observer } = this.options;
    const path = `/${name}.${service}/${method.charAt(0).toUpperCase()}${method.slice(1)}`;
    const began = performance.now();
    const leaving = observer?.leaves?.(path);
    const headers = new Metadata();
    for (const [header, value] of Object.entries(leaving?.headers ?? {})) headers.set(header, value);
    const end = (code: number): void => {
      observer?.called?.('client', path, code, performance.now() - began);
      leaving?.end(code);
    };
    return { headers, end };
  }

  #client(name: CallableName, service: string): Client {
    const key = `${name}.${service}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known.client;
    const { certificates, endpoints, service: peer } = this.options;
    const secure = experimental.createCertificateProviderChannelCredentials(certificates, certificates);
    const Constructor = clientConstructor(name, service);
    const client = new Constructor(target(endpoints), secure, channelOptions(peer)) as Client;
    this.#clients.set(key, { client, watch: this.#replaceWhenStuck(key, client) });
    return client;
  }

  /** After a network that loses packets no connection attempt may hang on: what waits for it gets UNAVAILABLE, the next call a new one. */
  #replaceWhenStuck(key: string, client: Client): NodeJS.Timeout {
    const resting: readonly connectivityState[] = [connectivityState.READY, connectivityState.IDLE];
    let fine = performance.now();
    return setInterval(() => {
      const now = performance.now();
      if (resting.includes(client.getChannel().getConnectivityState(false))) fine = now;
      else if (now - fine > CONNECT_MS) this.#forget(key);
    }, WATCH_MS).unref();
  }

  #forget(key: string): void {
    const known = this.#clients.get(key);
    this.#clients.delete(key);
    clearInterval(known?.watch);
    known?.client.close();
  }
}

/** What the library makes of a service definition: one function per method. */
type Methods = Readonly<Record<string, ((this: Methods, ...args: unknown[]) => unknown) | undefined>>;

function open(client: Methods, method: string): (this: Methods, ...args: unknown[]) => unknown {
  const found = client[method];
  if (found === undefined) throw new Error(`the contract has no method ${method}`);
  return found;
}

function isAway({ code }: ServiceError): boolean {
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED;
}
