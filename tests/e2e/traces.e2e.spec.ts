import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { armVault, dev, startCoffer, topology, type RunningCoffer } from '../support/coffer.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';

interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<Span, 'attributes'> & { attributes: Attribute[] })[];
    }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Takes spans as a collector does (OTLP/HTTP in JSON). */
class Collector {
  readonly bodies: string[] = [];
  readonly spans: Span[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.#take(Buffer.concat(chunks).toString());
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The spans of a trace, once they hold what is waited for. */
  async trace(traceId: string, holds: (spans: readonly Span[]) => boolean): Promise<readonly Span[]> {
    const deadline = Date.now() + 100_000;
    for (;;) {
      const spans = this.spans.filter((span) => span.traceId === traceId);
      if (holds(spans)) return spans;
      if (Date.now() > deadline) throw new Error(`in vain: ${JSON.stringify(spans)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #take(body: string): void {
    this.bodies.push(body);
    for (const { resource, scopeSpans } of (JSON.parse(body) as Exported).resourceSpans) {
      const service = String(valuesOf(resource.attributes)['service.name']);
      const spans = scopeSpans.flatMap((scope) => scope.spans);
      this.spans.push(...spans.map((span) => ({ ...span, service, attributes: valuesOf(span.attributes) })));
    }
  }
}

const valuesOf = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

const collector = new Collector();
let coffer: RunningCoffer;
let token: string;
beforeAll(async () => {
  coffer = await startCoffer({ env: { COFFER_OTLP_URL: await collector.open() } });
  token = await tokenFor(coffer, vaultResource(coffer));
});
afterAll(async () => {
  await coffer.dispose();
  collector.close();
});

const hidden = { name: `name-${randomUUID()}`, value: `value-${randomUUID()}` };

/** Sets a secret as a part of a trace that its client began. */
async function setSecret() {
  const traceId = randomBytes(16).toString('hex');
  const parent = randomBytes(8).toString('hex');
  const answer = await ask(coffer, `${coffer.vaultUrl()}/secrets/${hidden.name}?api-version=7.4`, {
    method: 'PUT',
    token,
    headers: { traceparent: `00-${traceId}-${parent}-01` },
    body: { value: hidden.value },
  });
  expect(answer.status).toBe(200);
  return { traceId, parent, requestId: answer.headers['x-ms-request-id'] };
}

it('continues the trace of a request that came with one', async () => {
  const { traceId, parent, requestId } = await setSecret();
  const spans = await collector.trace(traceId, (all) => all.some(({ parentSpanId }) => parentSpanId === parent));
  const request = spans.find(({ parentSpanId }) => parentSpanId === parent);
  expect(request).toMatchObject({
    name: 'SecretSet',
    service: topology === 'split' ? 'coffer-vault-management' : 'coffer-standalone',
    attributes: {
      'http.request.method': 'PUT',
      'http.response.status_code': 200,
      'coffer.correlation_id': requestId,
    },
  });
});

const separate = topology === 'split' ? it : it.skip;
separate('goes on over calls and messages (only where the services are separate: TEST_TOPOLOGY=split)', async () => {
  const traceId = randomBytes(16).toString('hex');
  const { tenantId } = dev;
  const answer = await ask(coffer, `${armVault(coffer, 'traced')}?api-version=2023-07-01`, {
    method: 'PUT',
    token: await tokenFor(coffer, coffer.managementUrl),
    headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` },
    body: {
      location: 'local',
      properties: { tenantId, sku: { family: 'A', name: 'standard' }, enableRbacAuthorization: true },
    },
  });
  expect(answer.status).toBe(200);
  const parts = [
    'coffer-vault-management: VaultPut',
    'coffer-policy-engine: coffer.policy.v1.Policy/Snapshot',
    'coffer-vault-management: publish coffer.vaults.v1',
    'coffer-crypto-gateway: process coffer.vaults.v1',
  ];
  await collector.trace(traceId, (spans) => {
    const names = spans.map(({ service, name }) => `${service}: ${name}`);
    return parts.every((part) => names.includes(part));
  });
});

it('says nothing of names, values and tokens', async () => {
  const { traceId } = await setSecret();
  await collector.trace(traceId, (spans) => spans.some(({ name }) => name === 'SecretSet'));
  const all = collector.bodies.join('\n');
  const leaks = [hidden.name, hidden.value, token, coffer.vaultUrl(), 'client_secret'].filter((text) =>
    all.includes(text),
  );
  expect(leaks).toEqual([]);
});

it('takes part in no trace that a malformed header tells of', async () => {
  const traceId = randomBytes(16).toString('hex');
  const answer = await ask(coffer, `${coffer.vaultUrl()}/secrets?api-version=7.4`, {
    token,
    headers: { traceparent: `00-${traceId}-zz-01`, tracestate: '='.repeat(4_000) },
  });
  expect(answer.status).toBe(200);
  await setSecret().then(({ traceId: next }) => collector.trace(next, (spans) => spans.length > 0));
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
});
