import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkRecord } from '@coffer/audit-domain';
import { auditRefusal } from '@coffer/composition';
import type { VaultKeySource } from '@coffer/contracts';
import type { AuditRow } from '@coffer/event-sourcing';
import { ownerLogBinding, remoteOwnerLog, remoteVaultKeys, vaultKeysBinding } from '@coffer/grpc';
import { SecretBytes } from '@coffer/kernel';
import { ensureServiceCertificates } from '@coffer/tls';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { EXPIRED, fakeLog, GrpcSetup, type StartedServer } from './grpc-setup.js';
import { temporaryDirectory } from '../support/tls.js';

const HEADS = '/coffer.eventlog.v1.OwnerLog/Heads';
let setup: GrpcSetup;
beforeEach(async () => {
  setup = await GrpcSetup.make();
});
afterEach(() => setup.close());

/** Calls a method with whatever certificate there is in `directory`, or with none; resolves with the status. */
async function codeOf(
  { port }: StartedServer,
  certificate: { readonly name: string; readonly directory?: string } | undefined,
  { method = HEADS, metadata = new Metadata() } = {},
): Promise<status> {
  const read = (file: string, directory = setup.directory) => readFile(path.join(directory, file));
  const ca = await read('service-ca.pem');
  const pair =
    certificate === undefined
      ? []
      : await Promise.all([
          read(`${certificate.name}.key`, certificate.directory),
          read(`${certificate.name}.pem`, certificate.directory),
        ]);
  const client = new Client(`127.0.0.1:${port}`, credentials.createSsl(ca, ...pair), {
    'grpc.ssl_target_name_override': 'vault-management',
  });
  const bytes = (message: Buffer) => message;
  return new Promise((resolve) => {
    const deadline = { deadline: Date.now() + 10_000 };
    client.makeUnaryRequest(method, bytes, bytes, Buffer.alloc(0), metadata, deadline, (error) => {
      client.close();
      resolve(error?.code ?? status.OK);
    });
  });
}

describe('a call between services', () => {
  let heads = 0;
  let server: StartedServer;
  beforeEach(async () => {
    heads = 0;
    const log = fakeLog({
      heads: () => {
        heads += 1;
        return Promise.resolve([]);
      },
    });
    server = await setup.serve({ log });
  });

  it('is answered when the name in its certificate is listed for the method', async () => {
    expect(await codeOf(server, { name: 'crypto-gateway' })).toBe(status.OK);
    expect([heads, server.refusals]).toEqual([1, []]);
  });

  it.each(['identity', 'vault-management'])('of %s, which is not listed, is refused and told of', async (name) => {
    expect(await codeOf(server, { name })).toBe(status.PERMISSION_DENIED);
    expect(heads).toBe(0);
    expect(server.refusals).toEqual([{ method: HEADS, peer: name, address: '127.0.0.1', listed: false }]);
  });

  it('is not from whom its metadata says', async () => {
    const metadata = new Metadata();
    metadata.set('coffer-peer', 'crypto-gateway');
    expect(await codeOf(server, { name: 'identity' }, { metadata })).toBe(status.PERMISSION_DENIED);
    expect(heads).toBe(0);
  });

  it('without a certificate is refused and told of', async () => {
    expect(await codeOf(server, undefined)).toBe(status.UNAUTHENTICATED);
    expect(heads).toBe(0);
    expect(server.refusals).toEqual([{ method: HEADS, peer: '', address: '127.0.0.1', listed: false }]);
  });

  it('with a certificate of another CA, of whatever name, is refused and told of', async () => {
    const foreign = await temporaryDirectory();
    await ensureServiceCertificates({ directory: foreign.directory, services: ['crypto-gateway'] });
    expect(await codeOf(server, { name: 'crypto-gateway', directory: foreign.directory })).toBe(status.UNAUTHENTICATED);
    expect(heads).toBe(0);
    expect(server.refusals).toMatchObject([{ peer: '' }]);
    await foreign.remove();
  });

  it('with a certificate that has expired is refused and told of', async () => {
    expect(await codeOf(server, { name: EXPIRED })).toBe(status.UNAUTHENTICATED);
    expect(heads).toBe(0);
    expect(server.refusals).toMatchObject([{ peer: '' }]);
  });

  it.each([undefined, 'identity'])('for health is for every service, and for services alone (%s)', async (name) => {
    const code = await codeOf(server, name === undefined ? undefined : { name }, {
      method: '/grpc.health.v1.Health/Check',
    });
    expect(code).toBe(name === undefined ? status.UNAUTHENTICATED : status.OK);
  });

  it('is not sent to a server with the name of another service', async () => {
    const { port } = await setup.serve({
      certificates: setup.certificatesOf('identity'),
      log: fakeLog({ heads: () => Promise.resolve([{ vaultId: 'v', seq: 1 }]) }),
    });
    await expect(remoteOwnerLog(setup.peer([port])).heads()).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      message: 'The service vault-management cannot be reached.',
      details: { retryAfterSeconds: 5 },
    });
  });
});

describe('a refusal', () => {
  it('is answered once its audit record, which the audit log takes, is durable', async () => {
    const rows: AuditRow[] = [];
    let durable = (): void => undefined;
    const written = new Promise<void>((resolve) => (durable = resolve));
    const silent = () => undefined;
    const onRefused = auditRefusal({
      name: 'vault-management',
      region: 'local',
      clock: { now: () => 1_800_000_000_000, monotonic: () => 0 },
      log: { warn: silent, error: silent } as unknown as Parameters<typeof auditRefusal>[0]['log'],
      audit: {
        record: (row) => {
          rows.push(row);
          return written;
        },
      },
    });
    const server = await setup.serve({ onRefused });
    let answered = false;
    const call = codeOf(server, { name: 'identity' }).then((code) => {
      answered = true;
      return code;
    });
    // A call that begins later is answered first.
    while (rows.length === 0) expect(await codeOf(server, { name: 'crypto-gateway' })).toBe(status.OK);
    expect(answered).toBe(false);
    durable();
    expect(await call).toBe(status.PERMISSION_DENIED);
    const [row] = rows;
    expect(checkRecord(row?.body)).toMatchObject({
      valid: true,
      record: {
        recordId: row?.recordId,
        operationName: 'InternalCall',
        resultSignature: 'Forbidden',
        callerIpAddress: '127.0.0.1',
        decisionReason: 'CallerNotListed',
        identity: { claim: { 'http://schemas.microsoft.com/identity/claims/objectidentifier': 'service:identity' } },
        properties: { requestUri: HEADS, httpStatusCode: 403 },
      },
    });
  });

  it('stands also when its audit record cannot be written', async () => {
    const server = await setup.serve({ onRefused: () => Promise.reject(new Error('the disk is full')) });
    expect(await codeOf(server, { name: 'identity' })).toBe(status.PERMISSION_DENIED);
  });

  it('is told of when the method itself makes it', async () => {
    const source: VaultKeySource = {
      current: () => Promise.resolve({ term: 1, key: SecretBytes.own(Buffer.alloc(32, 7)) }),
      byTerm: () => Promise.reject(new Error('not asked for')),
    };
    const server = await setup.serve({
      certificates: setup.certificatesOf('crypto-gateway'),
      bindings: [vaultKeysBinding({ secrets: source, identity: source })],
    });
    const peer = setup.peer([server.port], { service: 'crypto-gateway', caller: 'identity' });
    const error: unknown = await remoteVaultKeys(peer, 'secrets')
      .current('v')
      .catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'AccessDenied' });
    expect((error as { cause: ServiceError }).cause.code).toBe(status.PERMISSION_DENIED);
    expect(server.refusals).toMatchObject([{ peer: 'identity', listed: true }]);
    expect((await remoteVaultKeys(peer, 'identity').current('v')).key.expose()).toEqual(Buffer.alloc(32, 7));
  });
});

describe('a service of a contract that nobody answers', () => {
  it('is not offered', async () => {
    const server = await setup.serve({
      certificates: setup.certificatesOf('vault-management'),
      bindings: [vaultKeysBinding({} as Parameters<typeof vaultKeysBinding>[0]), ownerLogBinding(fakeLog(), [])],
    });
    const sign = { method: '/coffer.crypto.v1.Crypto/Sign' };
    expect(await codeOf(server, { name: 'identity' }, sign)).toBe(status.UNIMPLEMENTED);
  });
});
