import { readFileSync } from 'node:fs';
import path from 'node:path';
import { kafkaTlsFiles, type KafkaConnection, type KafkaTlsFiles } from '@coffer/messaging-kafka';
import { isFree, portRange } from '../../tools/split/ports.mjs';
import { startCoffer, type CofferOptions, type RunningCoffer } from './coffer.js';

export interface SplitInstance {
  readonly service: string;
  /** `crypto-gateway-1`, … */
  readonly name: string;
  /** Absent while it is being started again. */
  readonly pid?: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly internalPort: number;
}

/** What `npm run split` writes down about its processes, at each start and end of one. */
export interface SplitState {
  readonly instances: readonly SplitInstance[];
  readonly kafka: {
    readonly pid?: number;
    readonly brokers: readonly string[];
    readonly secondPort?: number;
    /** Certificate that may do everything with the broker; absent where the environment names a broker. */
    readonly admin?: KafkaTlsFiles;
  };
  readonly edge: { readonly pid?: number };
}

/** Two instances of each service behind the edge, whatever the run's topology is. */
export function startSplit(options: CofferOptions = {}): Promise<RunningCoffer> {
  return startCoffer({ ...options, topology: 'split' });
}

export function splitState({ dataDir }: Pick<RunningCoffer, 'dataDir'>): SplitState {
  return JSON.parse(readFileSync(path.join(dataDir, 'split.json'), 'utf8')) as SplitState;
}

/** How the broker is reached with a service's certificate, or, by default, with that of its administrator. */
export function brokerConnection(coffer: Pick<RunningCoffer, 'dataDir'>, service?: string): KafkaConnection {
  const { brokers, admin } = splitState(coffer).kafka;
  if (admin === undefined) return { brokers, clientId: service ?? 'spec' };
  const own = {
    certificateFile: path.join(coffer.dataDir, `services/${service ?? ''}.pem`),
    keyFile: path.join(coffer.dataDir, `services/${service ?? ''}.key`),
  };
  const files = service === undefined ? admin : { ...admin, ...own };
  return { brokers, clientId: service ?? 'spec', tls: kafkaTlsFiles(files) };
}

/** The instance of this name. */
export function instanceOf(coffer: Pick<RunningCoffer, 'dataDir'>, name: string): SplitInstance {
  const found = splitState(coffer).instances.find((instance) => instance.name === name);
  if (found === undefined) throw new Error(`there is no instance ${name}`);
  return found;
}

/** A counter or gauge of an instance's metrics, summed over its labels that fit; 0 when there is none. */
export async function metric(
  instance: SplitInstance,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${instance.internalPort}/metrics`);
  const lines = (await response.text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const fits = lines.filter((line) =>
    Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)),
  );
  return fits.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Where `npm run split --base-port` puts what a spec must know before it runs (tools/split/topology.mjs). */
export function portsOf(base: number): { grpc(instance: string): number; readonly kafkaSecond: number } {
  const services = ['identity', 'crypto-gateway', 'policy-engine', 'vault-management', 'audit-log'];
  const names = services.flatMap((service) => [`${service}-1`, `${service}-2`]);
  const PORTS_EACH = 3;
  return {
    grpc: (instance) => base + PORTS_EACH * names.indexOf(instance) + 1,
    kafkaSecond: base + PORTS_EACH * names.length,
  };
}

const BLOCK = 60;

/** The first of sixty ports that were free a moment ago, below those of outgoing connections. */
export async function freeBlock(): Promise<number> {
  const { first, count } = portRange();
  for (;;) {
    const base = first + Math.floor(Math.random() * (count - BLOCK));
    const free = await Promise.all(Array.from({ length: BLOCK }, (_, i) => isFree(base + i)));
    if (free.every(Boolean)) return base;
  }
}
