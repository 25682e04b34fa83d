import type { FastifyRequest } from 'fastify';
import { systemClock } from '@coffer/kernel';
import type { HostTarget, Principal, VaultSnapshot } from '@coffer/wire';
import { Exchange } from './exchange.js';
import type { MountedOperation } from './surface.js';

const request = {
  headers: { 'user-agent': 'a client', 'x-ms-client-request-id': 'its own id' },
  originalUrl: '/keys/k/v/sign?api-version=7.4',
  params: {},
  raw: { socket: { remoteAddress: '127.0.0.1' }, headers: {} },
} as unknown as FastifyRequest;
const caller = { oid: 'o', appid: 'a', tid: 't', groups: [], issuer: 'https://i', onBehalfOf: false } as Principal;

function rowOf(status: number, now = 1_000) {
  const mounted = { name: 'KeySign', service: 'keys' } as MountedOperation;
  const target = { baseUrl: 'https://v' } as HostTarget;
  const exchange = new Exchange(mounted, request, target, 'local', now, 0, systemClock, false, undefined);
  exchange.admit(caller, '7.4');
  exchange.enter({ vaultId: 'v', resourceId: '/vaults/v' } as VaultSnapshot);
  exchange.describe({ id: 'https://v/keys/k/v', properties: { algorithm: 'RS256' } });
  return exchange.row(status);
}

describe('the audit record of a request', () => {
  it.each([200, 403])('has its members in canonical order, so that the log need not sort them (%i)', (status) => {
    expect(unordered(rowOf(status).body)).toEqual([]);
  });

  it('has an id that sorts by the time of the request', () => {
    expect(rowOf(200, 1_000).recordId < rowOf(200, 1_001).recordId).toBe(true);
  });
});

/** Names of the members, at any depth, that stand behind one that sorts after them. */
function unordered(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = Object.keys(value);
  const wrong = names.filter((name, i) => i > 0 && name < (names[i - 1] ?? ''));
  return [...wrong, ...Object.values(value).flatMap(unordered)];
}
