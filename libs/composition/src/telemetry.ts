import { cacheLookups } from '@coffer/event-sourcing';
import { Metrics, startInternalServer } from '@coffer/observability';
import type { Tracing } from '@coffer/observability/tracing';
import type { Closing } from './closing.js';
import type { Config } from './config/schema.js';
import type { ComposedService } from './services/context.js';

export interface TelemetryOptions {
  readonly config: Config;
  readonly name: string;
  readonly services: readonly ComposedService[];
  /** Leases on what other services have, by their names. */
  readonly held?: ReadonlyMap<string, { remaining(): number }>;
  readonly ready: () => Promise<void>;
  readonly closing: Closing;
}

/** Traces, when an endpoint for them is configured; what makes them is not even loaded otherwise. */
export async function openTracing({
  config,
  name,
  closing,
}: Pick<TelemetryOptions, 'config' | 'name' | 'closing'>): Promise<Tracing | undefined> {
  if (config.otlpUrl === undefined) return undefined;
  const { Tracing: Opened } = await import('@coffer/observability/tracing');
  const tracing = new Opened({ url: config.otlpUrl, service: name });
  closing.add(() => tracing.close());
  return tracing;
}

/** Opens the internal port, if there is one, with what the services say of themselves. */
export async function startTelemetry(metrics: Metrics, options: TelemetryOptions): Promise<void> {
  const { config, services, ready, closing } = options;
  if (config.internalPort === undefined) return;
  for (const service of services) describe(metrics, service, services.length > 1);
  for (const [owner, lease] of options.held ?? []) metrics.lease(owner, () => lease.remaining());
  metrics.caches(cacheLookups);
  const server = await startInternalServer({
    addresses: config.internalListen,
    port: config.internalPort,
    metrics,
    ready,
  });
  closing.add(() => server.close());
}

/** In one process the services' values are told apart by their names. */
function describe(metrics: Metrics, { core, hardwareReady }: ComposedService, several: boolean): void {
  const { database, lease, name } = core;
  const prefix = several ? `coffer_${name.replaceAll('-', '_')}` : 'coffer';
  const count = async (text: string): Promise<number> => {
    const { rows } = await database.query<{ n: string | null }>(text);
    return Number(rows[0]?.n ?? 0);
  };
  metrics.gauge(`${prefix}_lease_live`, 'Whether this process may answer from memory.', () => (lease.live() ? 1 : 0));
  if (lease.remaining !== undefined) metrics.lease(name, () => lease.remaining?.() ?? NaN);
  metrics.gauge(`${prefix}_relay_lag_events`, 'Events that are not published yet.', () =>
    count(
      'SELECT coalesce(sum(h.seq - coalesce(r.published_seq, 0)), 0) AS n FROM vault_head h LEFT JOIN relay_cursor r USING (vault_id)',
    ),
  );
  metrics.gauge(`${prefix}_audit_queue_records`, 'Audit records that the audit log does not have yet.', () =>
    count('SELECT count(*) AS n FROM audit_inbox'),
  );
  metrics.gauge(`${prefix}_parked_vaults`, 'Vaults that a consumer has set aside.', () =>
    count('SELECT count(*) AS n FROM parked'),
  );
  metrics.gauge(`${prefix}_database_up`, 'Whether the database answers.', async () => {
    await database.ping();
    return 1;
  });
  if (hardwareReady !== undefined) {
    const help = 'Whether the hardware security module could be used when it was last tried.';
    metrics.gauge(`${prefix}_hardware_module_ready`, help, () => Number(hardwareReady()));
  }
  if (name !== 'audit-log') return;
  metrics.gauge(`${prefix}_tree_head_age_seconds`, 'Since the last tree head was published.', () =>
    count('SELECT extract(epoch FROM clock_timestamp() - max(published_at)) AS n FROM audit_heads'),
  );
  metrics.gauge(`${prefix}_tree_lag_records`, 'Sequenced records that are not in the tree yet.', () =>
    count('SELECT l.size - t.size AS n FROM audit_log l, audit_tree t'),
  );
}
