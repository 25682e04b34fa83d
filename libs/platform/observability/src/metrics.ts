import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Of a request that was answered. Nothing here may name a vault, an object, a caller or a value. */
export interface AnsweredRequest {
  /** Name of the operation in its table; `Unknown` for what is none. */
  readonly operation: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly decision?: { readonly effect: string; readonly reason: string };
  /** Of a key operation, as on the wire; from a fixed set. */
  readonly algorithm?: string;
}

/** Name of a cache (of a fixed set), and how often it was asked by what came of it. */
export type CacheCounts = readonly [
  cache: string,
  counts: Readonly<Record<'hit' | 'joined' | 'miss' | 'unleased', number>>,
];

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Algorithms are of a fixed set; whatever else a request named is one label. */
const ALGORITHM = /^(RS|PS|ES|HS)\d{3}K?$|^RSA(1_5|-OAEP(-256)?)$|^A\d{3}(GCM|KW|CBC|CBCPAD)$/;

/** The numbers of one process (docs/operations/monitoring.md). Units are base units: seconds, bytes. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests: Counter<'operation' | 'status'>;
  readonly #latency: Histogram<'operation'>;
  readonly #decisions: Counter<'effect' | 'reason'>;
  readonly #keyOperations: Counter<'operation' | 'algorithm' | 'result'>;
  readonly #calls: Counter<'direction' | 'method' | 'code'>;
  readonly #callLatency: Histogram<'direction' | 'method'>;
  readonly #published: Counter<'topic' | 'result'>;
  readonly #publishLatency: Histogram<'topic'>;
  readonly #consumed: Counter<'group' | 'topic' | 'result'>;
  readonly #lag: Gauge<'group' | 'topic' | 'partition'>;
  readonly #leases = new Map<string, () => number>();
  #caches: () => Iterable<CacheCounts> = () => [];

  constructor(service: string) {
    const registers = [this.registry];
    this.registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: this.registry });
    const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Counter({ name, help, labelNames, registers });
    const histogram = <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Histogram({ name, help, labelNames, registers, buckets: SECONDS });
    this.#requests = counter('coffer_http_requests_total', 'Requests that were answered.', ['operation', 'status']);
    this.#latency = histogram('coffer_http_request_duration_seconds', 'Time to the answer.', ['operation']);
    this.#decisions = counter('coffer_authorization_decisions_total', 'Authorization decisions.', ['effect', 'reason']);
    this.#keyOperations = counter('coffer_key_operations_total', 'Cryptographic operations with keys.', [
      'operation',
      'algorithm',
      'result',
    ]);
    this.#calls = counter('coffer_grpc_calls_total', 'Calls between services.', ['direction', 'method', 'code']);
    this.#callLatency = histogram('coffer_grpc_call_duration_seconds', 'Time of calls between services.', [
      'direction',
      'method',
    ]);
    this.#published = counter('coffer_feed_published_total', 'Messages given to the feed.', ['topic', 'result']);
    this.#publishLatency = histogram('coffer_feed_publish_duration_seconds', 'Time until the brokers had them.', [
      'topic',
    ]);
    this.#consumed = counter('coffer_feed_consumed_total', 'Messages taken from the feed.', [
      'group',
      'topic',
      'result',
    ]);
    this.#lag = new Gauge({
      name: 'coffer_feed_lag_messages',
      help: 'Messages of a partition that the group has not handled yet.',
      labelNames: ['group', 'topic', 'partition'],
      registers,
    });
    this.#countLookups();
    this.#showLeases();
  }

  /** Counts since the start of the process, kept elsewhere; asked for when they are wanted. */
  caches(read: () => Iterable<CacheCounts>): void {
    this.#caches = read;
  }

  /** A lease on what `owner` has; `remaining`: milliseconds, negative when it has ended, not finite when it was never there. */
  lease(owner: string, remaining: () => number): void {
    this.#leases.set(owner, remaining);
  }

  #countLookups(): void {
    const lookups: Counter<'cache' | 'result'> = new Counter({
      name: 'coffer_cache_lookups_total',
      help: 'Values that caches were asked for.',
      labelNames: ['cache', 'result'],
      registers: [this.registry],
      collect: () => {
        lookups.reset();
        for (const [cache, counts] of this.#caches())
          for (const [result, count] of Object.entries(counts)) lookups.inc({ cache, result }, count);
      },
    });
  }

  #showLeases(): void {
    const gauge: Gauge<'owner'> = new Gauge({
      name: 'coffer_lease_remaining_seconds',
      help: 'Time for which this process may still answer from memory what the owner has; negative since it may not.',
      labelNames: ['owner'],
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        for (const [owner, remaining] of this.#leases) {
          const seconds = remaining() / 1000;
          if (Number.isFinite(seconds)) gauge.set({ owner }, seconds);
        }
      },
    });
  }

  /** A value that is looked up when it is asked for; one that cannot be had is left out. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: async () => {
        try {
          gauge.set(await read());
        } catch {
          gauge.remove(); // `reset` would say 0
        }
      },
    });
  }

  readonly answered = ({ operation, status, milliseconds, decision, algorithm }: AnsweredRequest): void => {
    this.#requests.inc({ operation, status: String(status) });
    this.#latency.observe({ operation }, milliseconds / 1000);
    if (decision !== undefined) this.#decisions.inc(decision);
    if (algorithm === undefined) return;
    const known = ALGORITHM.test(algorithm) ? algorithm : 'other';
    this.#keyOperations.inc({ operation, algorithm: known, result: status < 400 ? 'success' : 'failure' });
  };

  /** Shaped as the observer of calls. */
  readonly called = (direction: 'client' | 'server', method: string, code: number, milliseconds: number): void => {
    this.#calls.inc({ direction, method, code: String(code) });
    this.#callLatency.observe({ direction, method }, milliseconds / 1000);
  };

  /** Shaped as the observer of the feed. */
  readonly feed = {
    published: (topic: string, count: number, milliseconds: number): void => {
      this.#published.inc({ topic, result: 'success' }, count);
      this.#publishLatency.observe({ topic }, milliseconds / 1000);
    },
    publishFailed: (topic: string): void => {
      this.#published.inc({ topic, result: 'failure' });
    },
    consumed: (group: string, topic: string, count: number): void => {
      this.#consumed.inc({ group, topic, result: 'success' }, count);
    },
    handlerFailed: (group: string, topic: string): void => {
      this.#consumed.inc({ group, topic, result: 'failure' });
    },
    undecodable: (group: string, topic: string): void => {
      this.#consumed.inc({ group, topic, result: 'undecodable' });
    },
    lag: (group: string, topic: string, partition: number, records: number): void => {
      this.#lag.set({ group, topic, partition: String(partition) }, records);
    },
  };
}
