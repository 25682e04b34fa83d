import { spawn } from 'node:child_process';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { Lines } from '../support/embedded-postgres.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';
import { schemaFaults } from '../support/message-schema.js';

let coffer: RunningCoffer;
let token: string;
let auditToken: string;
beforeAll(async () => {
  coffer = await startCoffer();
  token = await tokenFor(coffer, vaultResource(coffer));
  auditToken = await tokenFor(coffer, coffer.auditUrl);
});
afterAll(() => coffer.dispose());

interface Event {
  readonly id: number;
  readonly data: { readonly index: number; readonly operationName: string; readonly correlationId: string };
}

/** A reader of the stream that keeps what it has got. */
class Reader {
  readonly events: Event[] = [];
  readonly #request;
  #text = '';

  constructor(query = '', headers: Record<string, string> = {}) {
    this.#request = https.get(
      `${coffer.auditUrl}/stream${query}`,
      { ca: coffer.ca, agent: false, headers: { authorization: `Bearer ${auditToken}`, ...headers } },
      (response) => {
        expect([response.statusCode, response.headers['content-type']]).toEqual([
          200,
          'text/event-stream; charset=utf-8',
        ]);
        response.setEncoding('utf8').on('data', (chunk: string) => {
          this.#take(chunk);
        });
        response.on('error', () => undefined);
      },
    );
    this.#request.on('error', () => undefined);
  }

  async until(holds: (events: readonly Event[]) => boolean): Promise<void> {
    const deadline = Date.now() + 100_000;
    while (!holds(this.events)) {
      if (Date.now() > deadline) throw new Error(`in vain: ${JSON.stringify(this.events.slice(-3))}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  close(): void {
    this.#request.destroy();
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const data = field('data');
      if (data !== undefined) this.events.push({ id: Number(field('id')), data: JSON.parse(data) as Event['data'] });
    }
  }
}

async function operation(name: string): Promise<string> {
  const answer = await ask(coffer, `${coffer.vaultUrl()}/secrets/${name}?api-version=7.4`, {
    method: 'PUT',
    token,
    body: { value: 'x' },
  });
  expect(answer.status).toBe(200);
  return String(answer.headers['x-ms-request-id']);
}

describe('the live stream of the audit log', () => {
  it('brings each record once and in order, and goes on after the last one that was seen', async () => {
    const first = new Reader('?lastEventId=0');
    const ids = [await operation('a'), await operation('b')];
    const has = (events: readonly Event[], id: string) => events.some(({ data }) => data.correlationId === id);
    await first.until((events) => ids.every((id) => has(events, id)));
    first.close();
    const last = first.events.at(-1)?.id ?? 0;
    const missed = await operation('c');
    const second = new Reader('', { 'last-event-id': String(last) });
    const fresh = await operation('d');
    await second.until((events) => has(events, missed) && has(events, fresh));
    second.close();
    const indexes = [...first.events, ...second.events].map(({ id }) => id);
    expect(indexes).toEqual(Array.from({ length: indexes.length }, (_, i) => (indexes[0] ?? 0) + i));
    for (const { id, data } of first.events) expect(data.index).toBe(id);
    expect(first.events.flatMap(({ data }) => schemaFaults('audit-event', data))).toEqual([]);
  });

  it('brings what its filter asks for, and nothing else', async () => {
    const reader = new Reader('?operation=SecretSet&lastEventId=0');
    const id = await operation('filtered');
    await reader.until((events) => events.some(({ data }) => data.correlationId === id));
    reader.close();
    expect(new Set(reader.events.map(({ data }) => data.operationName))).toEqual(new Set(['SecretSet']));
  });

  it('is for readers of the log, and asks for what it understands', async () => {
    expect((await ask(coffer, `${coffer.auditUrl}/stream`)).status).toBe(401);
    for (const query of ['lastEventId=x', 'top=1', 'nonsense=1']) {
      const answer = await ask(coffer, `${coffer.auditUrl}/stream?${query}`, { token: auditToken });
      expect([query, answer.status]).toEqual([query, 400]);
    }
  });

  it('feeds the example, which prints what was refused', async () => {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('../../examples/audit-consumer.mjs', import.meta.url))],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          PATH: process.env['PATH'],
          NODE_EXTRA_CA_CERTS: coffer.caFile,
          NODE_OPTIONS: `--require=${fileURLToPath(new URL('../../libs/composition/resolver/localhost-names.cjs', import.meta.url))}`,
          AZURE_AUTHORITY_HOST: coffer.loginUrl,
          AZURE_TENANT_ID: 'adfs',
          AZURE_CLIENT_ID: dev.clientId,
          AZURE_CLIENT_SECRET: dev.clientSecret,
          COFFER_AUDIT_URL: coffer.auditUrl,
        },
      },
    );
    const lines = new Lines();
    createInterface({ input: child.stdout }).on('line', lines.add);
    await lines.until(/^listening/);
    expect((await ask(coffer, `${coffer.vaultUrl('no-such-vault')}/secrets?api-version=7.4`, { token })).status).toBe(
      403,
    );
    await lines.until(/SecretList 403 VaultNotFound/);
    child.kill();
  });
});
