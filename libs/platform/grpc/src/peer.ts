import {
  experimental,
  Metadata,
  status,
  type ChannelOptions,
  type Client,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Certificates } from './certificates.js';
import type { CallObserver } from './observer.js';
import { clientConstructor, type PackageName } from './proto.js';
import { fromStatus } from './status.js';

export interface PeerOptions {
  /** The service's name, which its certificate must carry. */
  readonly service: string;
  /** `host:port` of its instances: IP addresses, or one name that stands for all. */
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
/** An instance that does not answer in this time is given up for another one. */
const ATTEMPT_MS = 1_000;
const ATTEMPTS = 4;
const FIRST_BACK_OFF_MS = 25;
const KEEPALIVE_MS = 1_000;

/** Spreads calls over the instances; one that dies is noticed by its pings and left out. */
const channelOptions = (service: string): ChannelOptions => ({
  'grpc.ssl_target_name_override': service,
  'grpc.default_authority': service,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.use_local_subchannel_pool': 1,
});

/** Another service of the installation, as this process calls it. */
export class Peer {
  readonly #clients = new Map<string, Client>();

  constructor(private readonly options: PeerOptions) {}

  /** A unary call. Throws the CofferError that the method threw; ServiceUnavailable when no instance answers. */
  // The reply's type is the caller's claim about the contract.

  async call<Reply>(
    name: PackageName,
    service: string,
    method: string,
    request: object,
    { deadlineMs = DEADLINE_MS, idempotent = false }: CallOptions = {},
  ): Promise<Reply> {
    const until = performance.now() + deadlineMs;
    for (let attempt = 1; ; attempt += 1) {
      const left = until - performance.now();
      try {
        return await this.#once<Reply>(name, service, method, request, idempotent ? Math.min(ATTEMPT_MS, left) : left);
      } catch (error) {
        const failed = error as ServiceError;
        const pause = Math.random() * FIRST_BACK_OFF_MS * 2 ** attempt;
        const again = idempotent && attempt < ATTEMPTS && isAway(failed) && performance.now() + pause < until;
        if (!again) throw fromStatus(failed, this.options.service);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** A call that streams both ways, on one instance; it lasts until either side ends it. */
  stream<Request, Reply>(name: PackageName, service: string, method: string): ClientDuplexStream<Request, Reply> {
    const client = this.#client(name, service) as unknown as Methods;
    return open(client, method).call(client, this.#headers()) as ClientDuplexStream<Request, Reply>;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  /** A call that is answered with several messages: all of them. Throws as `call`. */
  async collect<Reply>(name: PackageName, service: string, method: string, request: object): Promise<Reply[]> {
    const client = this.#client(name, service) as unknown as Methods;
    const deadline = Date.now() + DEADLINE_MS;
    const began = performance.now();
    const replies: Reply[] = [];
    const done = (code: number) => {
      this.#note(name, service, method, code, began);
    };
    try {
      const stream = open(client, method).call(client, request, this.#headers(), { deadline });
      for await (const reply of stream as AsyncIterable<Reply>) replies.push(reply);
      done(status.OK);
      return replies;
    } catch (error) {
      done((error as ServiceError).code);
      throw fromStatus(error as ServiceError, this.options.service);
    }
  }

  #once<Reply>(
    name: PackageName,
    service: string,
    method: string,
    request: object,
    milliseconds: number,
  ): Promise<Reply> {
    const client = this.#client(name, service) as unknown as Methods;
    const deadline = Date.now() + Math.max(1, milliseconds);
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, reply?: unknown) => {
        this.#note(name, service, method, error?.code ?? status.OK, began);
        if (error !== null) reject(error);
        else resolve(reply as Reply);
      };
      open(client, method).call(client, request, this.#headers(), { deadline }, done);
    });
  }

  #note(name: PackageName, service: string, method: string, code: number, began: number): void {
    const path = `/${name}.${service}/${method.charAt(0).toUpperCase()}${method.slice(1)}`;
    this.options.observer?.called?.('client', path, code, performance.now() - began);
  }

  #headers(): Metadata {
    const headers: Record<string, string> = {};
    this.options.observer?.inject?.(headers);
    const metadata = new Metadata();
    for (const [header, value] of Object.entries(headers)) metadata.set(header, value);
    return metadata;
  }

  #client(name: PackageName, service: string): Client {
    const key = `${name}.${service}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const { certificates, endpoints, service: peer } = this.options;
    const secure = experimental.createCertificateProviderChannelCredentials(certificates, certificates);
    const Constructor = clientConstructor(name, service);
    const made = new Constructor(target(endpoints), secure, channelOptions(peer)) as Client;
    this.#clients.set(key, made);
    return made;
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

/** gRPC's name of the instances. Throws when several names are given: one name must stand for all. */
export function target(endpoints: readonly string[]): string {
  const addresses = endpoints.map((endpoint) => endpoint.slice(0, endpoint.lastIndexOf(':')));
  if (addresses.every((address) => /^\d+(\.\d+){3}$/.test(address))) return `ipv4:${endpoints.join(',')}`;
  if (addresses.every((address) => address.startsWith('['))) return `ipv6:${endpoints.join(',')}`;
  const [only] = endpoints;
  if (only === undefined || endpoints.length > 1) {
    throw new Error('Instances are given by their IP addresses, or by one name that stands for all of them.');
  }
  return `dns:///${only}`;
}
