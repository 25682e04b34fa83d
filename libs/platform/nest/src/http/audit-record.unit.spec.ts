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

interface Made {
  readonly caller?: Principal;
  readonly facts?: Parameters<Exchange['describe']>[0];
}

function rowOf(status: number, now = 1_000, made: Made = {}) {
  const mounted = { name: 'KeySign', service: 'keys' } as MountedOperation;
  const target = { baseUrl: 'https://v' } as HostTarget;
  const exchange = new Exchange(mounted, request, target, 'local', now, 0, systemClock, false, undefined);
  exchange.admit(made.caller ?? caller, '7.4');
  exchange.enter({ vaultId: 'v', resourceId: '/vaults/v' } as VaultSnapshot);
  exchange.describe(made.facts ?? { id: 'https://v/keys/k/v', properties: { algorithm: 'RS256' } });
  return exchange.row(status);
}

describe('the audit record of a request', () => {
  it.each([200, 403])('has its members in canonical order, so that the log need not sort them (%i)', (status) => {
    expect(unordered(rowOf(status).body)).toEqual([]);
  });

  it('has no text that has no canonical form, or is longer than a record may be', () => {
    const lone = '\ud800';
    const { body } = rowOf(200, 1_000, {
      caller: { ...caller, oid: `o${lone}`, appid: `a${lone}`, issuer: `i${lone}` },
      facts: { id: `id${lone}`, properties: { role: `${lone}/x`, long: 'x'.repeat(2_000), count: 1 } },
    });
    const text = JSON.stringify(body);
    expect(text).not.toMatch(/\\ud8/);
    expect(body).toMatchObject({ properties: { id: 'id\ufffd', role: '\ufffd/x', long: 'x'.repeat(1_024), count: 1 } });
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
