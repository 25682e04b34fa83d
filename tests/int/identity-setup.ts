import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuditSink } from '@coffer/contracts';
import type { AuditRow, Database } from '@coffer/event-sourcing';
import { createIdentity, identityMigrations, principalProjection } from '@coffer/identity-feature';
import type { AuditRecord } from '@coffer/wire';
import { testTenant } from '../support/context.js';
import { objectsSetup, type ObjectPorts, type ObjectsSetup } from './objects-setup.js';

type Ports = Parameters<typeof createIdentity>[0];
export type Identity = ReturnType<typeof createIdentity>;

export const loginUrl = 'https://login.localhost:8443';
export const tenantId = testTenant;
export const audiences: Ports['audiences'] = {
  vault: ['https://vault.localhost:8443', 'https://vault.azure.net'],
  management: ['https://management.localhost:8443'],
  audit: [],
  graph: [],
};

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>> | string;
}

/** One process of the identity service: its ports, its parts, and an HTTP server around its handler. */
export interface IdentityProcess extends Identity {
  readonly ports: Ports;
  ask(path: string, ask?: Ask): Promise<Answer>;
  stop(): Promise<void>;
}

export interface IdentitySetup extends ObjectsSetup {
  /** Records of sign-ins, as the audit sink took them. */
  readonly records: AuditRecord[];
  /** Set to make the sink or the database fail. */
  readonly faults: { audit?: Error | undefined; database?: Error | undefined };
  start(options?: Partial<Ports>): Promise<IdentityProcess>;
}

export async function identitySetup(): Promise<IdentitySetup> {
  const setup = await objectsSetup({
    purpose: 'identity',
    migrations: identityMigrations,
    projections: [principalProjection],
  });
  setup.time.now = Date.now();
  const records: AuditRecord[] = [];
  const faults: IdentitySetup['faults'] = {};
  const audit: AuditSink = {
    record: ({ body }: AuditRow) => {
      if (faults.audit !== undefined) return Promise.reject(faults.audit);
      records.push(body as unknown as AuditRecord);
      return Promise.resolve();
    },
  };
  const processes: IdentityProcess[] = [];
  const start = async (options: Partial<Ports> = {}) => {
    const base: ObjectPorts = setup.another();
    const database = failing(base.database, faults);
    const ports: Ports = { ...base, database, audit, loginUrl, tenantId, audiences, ...options };
    const started = await startProcess(ports);
    processes.push(started);
    return started;
  };
  const close = async () => {
    await Promise.all(processes.map((process) => process.stop()));
    await setup.close();
  };
  return { ...setup, records, faults, start, close };
}

function failing(database: Database, faults: IdentitySetup['faults']): Database {
  return {
    query: (text, values) =>
      faults.database === undefined ? database.query(text, values) : Promise.reject(faults.database),
    transaction: (work) =>
      faults.database === undefined ? database.transaction(work) : Promise.reject(faults.database),
  };
}

async function startProcess(ports: Ports): Promise<IdentityProcess> {
  const identity = createIdentity(ports);
  const server = http.createServer((request, response) => void identity.signIn.handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...identity,
    ports,
    ask: (path, options) => askServer(port, path, options),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function askServer(port: number, path: string, { method, headers = {}, form }: Ask = {}): Promise<Answer> {
  const body = form === undefined || typeof form === 'string' ? form : new URLSearchParams(form).toString();
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        port,
        host: '127.0.0.1',
        path,
        agent: false,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          host: 'login.localhost:8443',
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = text !== '' && response.headers['content-type']?.startsWith('application/json') === true;
          const json = (isJson ? JSON.parse(text) : {}) as Readonly<Record<string, unknown>>;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
