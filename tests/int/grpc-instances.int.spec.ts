import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import {
  remoteOwnerLog,
  remoteVaultDirectory,
  vaultDirectoryBinding,
  type CallObserver,
  type GrpcServerOptions,
} from '@coffer/grpc';
import { status } from '@grpc/grpc-js';
import { freePort } from '../support/coffer.js';
import { directoryOwner, fakeLog, GrpcSetup, until } from './grpc-setup.js';

let setup: GrpcSetup;
beforeEach(async () => {
  setup = await GrpcSetup.make();
});
afterEach(() => setup.close());

/** An instance whose log says which one it is. */
const instance = (vaultId: string, options: Partial<GrpcServerOptions> = {}) =>
  setup.serve({ ...options, log: fakeLog({ heads: () => Promise.resolve([{ vaultId, seq: 1 }]) }) });

const asker = (peer: ReturnType<GrpcSetup['peer']>) => async () => (await remoteOwnerLog(peer).heads())[0]?.vaultId;

describe('two instances', () => {
  it('share the calls; when one dies the other takes all, and it is back when it lives again', async () => {
    const [a, b] = [await instance('a'), await instance('b')];
    const ask = asker(setup.peer([a.port, b.port]));
    const both = async () => new Set([await ask(), await ask(), await ask(), await ask()]);
    await until(both, (names) => names.size === 2);
    const twenty = async () => {
      const names = [];
      for (let i = 0; i < 20; i += 1) names.push(await ask());
      return names;
    };
    await until(twenty, (names) => names.filter((name) => name === 'a').length === 10);

    await a.close();
    for (let i = 0; i < 20; i += 1) expect(await ask()).toBe('b');

    await instance('a', { port: a.port });
    await until(both, (seen) => seen.size === 2);
  });

  it('are found by names, each with all its addresses, also when one is unknown', async () => {
    const [a, b] = [await instance('a'), await instance('b')];
    const endpoints = [`localhost:${a.port}`, `127.0.0.1:${b.port}`, 'no-such-host.invalid:9443'];
    const ask = asker(setup.peer([], { endpoints }));
    await until(
      async () => new Set([await ask(), await ask(), await ask()]),
      (seen) => seen.size === 2,
    );
  });

  it('that are all unknown are away, at once', async () => {
    const ask = asker(setup.peer([], { endpoints: ['no-such-host.invalid:9443'] }));
    await expect(ask()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });

  it('that begin later than the caller are found', async () => {
    const port = await freePort();
    const ask = asker(setup.peer([port]));
    await expect(ask()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await instance('late', { port });
    await until(
      () => ask().catch(() => undefined),
      (name) => name === 'late',
    );
  });
});

describe('a network that swallows what is sent', () => {
  it('is forgotten when it heals, also by connections that were begun in it', async () => {
    const target = await instance('a');
    const sockets = new Set<Socket>();
    let swallows = true;
    const hole = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      if (swallows) return; // for ever: what it has been sent is lost
      const to = connectTo(target.port, '127.0.0.1').on('error', () => undefined);
      sockets.add(to);
      socket.pipe(to).pipe(socket);
    });
    hole.listen(0, '127.0.0.1');
    await once(hole, 'listening');
    setup.onClose(() => {
      for (const socket of sockets) socket.destroy();
      hole.close();
    });
    const ask = asker(setup.peer([(hole.address() as AddressInfo).port]));
    await expect(ask()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    swallows = false;
    expect(
      await until(
        () => ask().catch(() => undefined),
        (name) => name !== undefined,
      ),
    ).toBe('a');
  });
});

describe('a stream', () => {
  it('ends when the server stops, and is told of', async () => {
    const told: unknown[] = [];
    const observer: CallObserver = { called: (...call) => told.push(call.slice(0, 3)) };
    const owner = directoryOwner(async (call) => {
      for await (const applied of call.requests) call.send({ changes: [], leaseMilliseconds: 1_000 + applied });
    });
    const server = await setup.serve({
      observer,
      bindings: [vaultDirectoryBinding(owner, ['crypto-gateway'])],
      graceMilliseconds: 30_000,
    });
    const stream = remoteVaultDirectory(setup.peer([server.port], { observer })).lease();
    stream.send(0);
    const replies = stream.replies[Symbol.asyncIterator]();
    expect(await replies.next()).toMatchObject({ value: { leaseMilliseconds: 1_000 } });
    const [ended] = await Promise.all([replies.next().catch((error: unknown) => error), server.close()]);
    expect(ended).toMatchObject({ code: status.UNAVAILABLE, details: 'This instance stops.' });
    const lease = '/coffer.vaults.v1.VaultDirectory/Lease';
    expect(told).toEqual([
      ['server', lease, status.UNAVAILABLE],
      ['client', lease, status.UNAVAILABLE],
    ]);
  });
});
