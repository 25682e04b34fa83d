import { Metrics, type CacheCounts } from './metrics.js';

/** Lines of a metric as Prometheus reads them, without the label that all have. */
async function read({ registry }: Metrics, name: string): Promise<string[]> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));
  return lines.map((line) => line.replace(/,?service="spec"/, '').replace('{}', ''));
}

describe('the metrics of a process', () => {
  it('count the lookups of caches as they are when they are asked for', async () => {
    const metrics = new Metrics('spec');
    expect(await read(metrics, 'coffer_cache_lookups_total')).toEqual([]);
    let counts: CacheCounts[] = [['KeyCache', { hit: 3, joined: 0, miss: 1, unleased: 0 }]];
    metrics.caches(() => counts);
    await metrics.registry.metrics();
    counts = [['KeyCache', { hit: 5, joined: 1, miss: 1, unleased: 2 }]];
    expect(await read(metrics, 'coffer_cache_lookups_total')).toEqual([
      'coffer_cache_lookups_total{cache="KeyCache",result="hit"} 5',
      'coffer_cache_lookups_total{cache="KeyCache",result="joined"} 1',
      'coffer_cache_lookups_total{cache="KeyCache",result="miss"} 1',
      'coffer_cache_lookups_total{cache="KeyCache",result="unleased"} 2',
    ]);
  });

  it('tell in seconds how long each lease lasts, and nothing of one that was never there', async () => {
    const metrics = new Metrics('spec');
    let milliseconds = 1_500;
    metrics.lease('policy-engine', () => milliseconds);
    metrics.lease('vault-management', () => Number.NEGATIVE_INFINITY);
    const lines = () => read(metrics, 'coffer_lease_remaining_seconds');
    expect(await lines()).toEqual(['coffer_lease_remaining_seconds{owner="policy-engine"} 1.5']);
    milliseconds = -250;
    expect(await lines()).toEqual(['coffer_lease_remaining_seconds{owner="policy-engine"} -0.25']);
  });

  it('leave out a value that cannot be had, and have it again when it can', async () => {
    const metrics = new Metrics('spec');
    let isThere = true;
    metrics.gauge('coffer_relay_lag_events', 'help', () => (isThere ? 7 : Promise.reject(new Error('database away'))));
    const lines = () => read(metrics, 'coffer_relay_lag_events');
    expect(await lines()).toEqual(['coffer_relay_lag_events 7']);
    isThere = false;
    expect(await lines()).toEqual([]);
    isThere = true;
    expect(await lines()).toEqual(['coffer_relay_lag_events 7']);
  });
});
