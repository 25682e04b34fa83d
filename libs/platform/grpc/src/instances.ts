import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { experimental, Metadata, status } from '@grpc/grpc-js';

const SCHEME = 'coffer-instances';
/** A name may get or lose an address at any time. */
const LOOK_AGAIN_MS = 15_000;
/** The library asks for a new look whenever a connection is lost. */
const SHORTEST_MS = 1_000;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** gRPC's name of the instances at `host:port`: addresses (IPv6 in brackets), and names, each of which may stand for several. */
export function target(endpoints: readonly string[]): string {
  experimental.registerResolver(SCHEME, InstancesResolver);
  return `${SCHEME}:///${endpoints.join(',')}`;
}

/** Names are looked up as the system does it, again and again; a name that is not known does not hide the others. */
class InstancesResolver implements experimental.Resolver {
  readonly #endpoints: readonly Address[];
  #timer: NodeJS.Timeout | undefined;
  #asked = Number.NEGATIVE_INFINITY;
  #generation = 0;
  #looking = false;

  constructor(
    { path }: experimental.GrpcUri,
    private readonly listener: experimental.ResolverListener,
  ) {
    this.#endpoints = path.split(',').map(parse);
  }

  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return path.split(',')[0] ?? '';
  }

  updateResolution(): void {
    if (this.#looking) return;
    this.#lookIn(Math.max(0, this.#asked + SHORTEST_MS - performance.now()));
  }

  destroy(): void {
    this.#generation += 1;
    this.#looking = false;
    clearTimeout(this.#timer);
  }

  #lookIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    const generation = this.#generation;
    this.#timer = setTimeout(() => {
      void this.#look(generation);
    }, milliseconds).unref();
  }

  async #look(generation: number): Promise<void> {
    this.#looking = true;
    this.#asked = performance.now();
    const found = (await Promise.all(this.#endpoints.map(addressesOf))).flat();
    if (generation !== this.#generation) return;
    this.#looking = false;
    const each = new Map(found.map((address) => [`${address.host} ${address.port}`, address]));
    const result =
      each.size > 0
        ? experimental.statusOrFromValue([...each.values()].map((address) => ({ addresses: [address] })))
        : experimental.statusOrFromError<experimental.Endpoint[]>(unknown());
    this.listener(result, {}, null, '');
    if (this.#endpoints.some(({ host }) => isIP(host) === 0)) this.#lookIn(LOOK_AGAIN_MS);
  }
}

function parse(endpoint: string): Address {
  const colon = endpoint.lastIndexOf(':');
  return { host: endpoint.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(endpoint.slice(colon + 1)) };
}

async function addressesOf({ host, port }: Address): Promise<readonly Address[]> {
  if (isIP(host) !== 0) return [{ host, port }];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => ({ host: address, port }));
  } catch {
    return [];
  }
}

function unknown() {
  return { code: status.UNAVAILABLE, details: 'No name of the instances is known.', metadata: new Metadata() };
}
