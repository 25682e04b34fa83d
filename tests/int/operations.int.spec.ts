import { readFileSync } from 'node:fs';
import { Metrics } from '@coffer/observability';
import { parse } from 'yaml';

const read = (name: string) => readFileSync(new URL(`../../docs/operations/${name}`, import.meta.url), 'utf8');
/** What `startTelemetry` adds (libs/composition/src/telemetry.ts). */
const telemetry = readFileSync(new URL('../../libs/composition/src/telemetry.ts', import.meta.url), 'utf8');
const gauges = [...telemetry.matchAll(/`\$\{prefix\}(_[a-z_]+)`/g)].map(([, name = '']) => `coffer${name}`);
const registered = new Metrics('spec').registry
  .getMetricsAsArray()
  .map(({ name }) => name)
  .filter((name) => name.startsWith('coffer_'));
const known = new Set([...registered, ...gauges]);
const namesIn = (text: string) =>
  [...text.matchAll(/coffer_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));

describe('docs/operations', () => {
  it('tells of every metric, and of no other', () => {
    const told = namesIn(read('monitoring.md')).filter((name) => name !== 'coffer_crypto_gateway_lease_live');
    expect([...new Set(told)].sort()).toEqual([...known].sort());
  });

  it.each(['alerts.yml', 'grafana-dashboard.json'])('%s asks for metrics that exist', (name) => {
    const text = read(name);
    const asked = namesIn(text);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((metric) => !known.has(metric))).toEqual([]);
    expect(parse(text)).toBeTruthy();
  });
});
