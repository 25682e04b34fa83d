import { X509Certificate } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { remoteOwnerLog, remoteVaultDirectory, vaultDirectoryBinding, watchCertificates } from '@coffer/grpc';
import { ensureServiceCertificates } from '@coffer/tls';
import { freePort } from '../support/coffer.js';
import { connect } from '../support/tls.js';
import { directoryOwner, GrpcSetup, services, until } from './grpc-setup.js';

let setup: GrpcSetup;
beforeEach(async () => {
  setup = await GrpcSetup.make();
});
afterEach(() => setup.close());

describe('new certificate files', () => {
  /** Makes the services other certificates of the same CA. For a moment there are none, or halves of pairs. */
  async function renew(): Promise<void> {
    for (const service of ['vault-management', 'crypto-gateway']) {
      for (const file of [`${service}.pem`, `${service}.key`]) await rm(path.join(setup.directory, file));
    }
    await ensureServiceCertificates({ directory: setup.directory, services });
  }
  const fingerprintIn = async (service: string) =>
    new X509Certificate(await readFile(path.join(setup.directory, `${service}.pem`))).fingerprint256;

  /** Of the certificate that a server shows. */
  async function shownAt(port: number): Promise<string | undefined> {
    const ca = await readFile(path.join(setup.directory, 'service-ca.pem'));
    const socket = await connect(port, { ca, servername: 'vault-management', ALPNProtocols: ['h2'] });
    const shown = socket.getPeerX509Certificate()?.fingerprint256;
    socket.destroy();
    return shown;
  }

  it('are used by servers and callers without a restart; streams stay', async () => {
    const requests: number[] = [];
    const owner = directoryOwner(async ({ requests: asked }) => {
      for await (const applied of asked) requests.push(applied);
    });
    const server = await setup.serve({ bindings: [vaultDirectoryBinding(owner, ['crypto-gateway'])] });
    const stream = remoteVaultDirectory(setup.peer([server.port])).lease();
    stream.send(1);
    await until(
      () => requests.length,
      (count) => count === 1,
    );
    const before = await shownAt(server.port);
    expect(before).toBe(await fingerprintIn('vault-management'));

    await renew();
    const after = await fingerprintIn('vault-management');
    expect(after).not.toBe(before);
    await until(
      () => shownAt(server.port),
      (shown) => shown === after,
    );

    stream.send(2);
    await until(
      () => requests.length,
      (count) => count === 2,
    );
    stream.close();
  });

  it('are shown by a caller at its next connection', async () => {
    const port = await freePort();
    const log = remoteOwnerLog(setup.peer([port]));
    const first = await setup.serve({ port });
    expect(await log.heads()).toEqual([]);
    const before = await fingerprintIn('crypto-gateway');
    await renew();
    expect(await fingerprintIn('crypto-gateway')).not.toBe(before);
    await first.close();
    // A caller that has met nobody for some seconds connects again when it is asked for something.
    const asking = setInterval(() => void log.heads().catch(() => undefined), 100);
    const shown = await certificateShownTo(port).finally(() => {
      clearInterval(asking);
    });
    expect(shown).not.toBe(before);
    expect(shown).toBe(await fingerprintIn('crypto-gateway'));
  });

  /** Stands where the server stood, and looks at the certificate of who connects, until it is a new one. */
  async function certificateShownTo(port: number): Promise<string | undefined> {
    const read = (file: string) => readFile(path.join(setup.directory, file));
    const wanted = await fingerprintIn('crypto-gateway');
    const server = createTlsServer({
      cert: await read('vault-management.pem'),
      key: await read('vault-management.key'),
      ca: await read('service-ca.pem'),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    });
    server.listen(port, '127.0.0.1');
    const shown = await new Promise<string | undefined>((resolve) => {
      server.on('secureConnection', (socket) => {
        socket.on('error', () => undefined);
        const seen = socket.getPeerX509Certificate()?.fingerprint256;
        socket.destroy();
        if (seen === wanted) resolve(seen);
      });
    });
    server.close();
    return shown;
  }

  it('that cannot be used are told of, and the old ones stay in use', async () => {
    const server = await setup.serve();
    const file = path.join(setup.directory, 'vault-management.key');
    const key = await readFile(file);
    const before = await shownAt(server.port);
    await writeFile(file, await readFile(path.join(setup.directory, 'identity.key')));
    const error = await new Promise<unknown>((resolve) => {
      const { caFile, certificateFile, keyFile } = filesOf('crypto-gateway');
      const listener = () => undefined;
      const watched = watchCertificates(
        { caFile, certificateFile, keyFile },
        { onError: resolve, intervalMilliseconds: 20 },
      );
      watched.addCaCertificateListener(listener);
      setup.onClose(() => {
        watched.removeCaCertificateListener(listener);
      });
      void writeFile(keyFile, 'half of a k');
    });
    expect((error as Error).message).toContain('crypto-gateway.key');
    expect(await shownAt(server.port)).toBe(before);
    await writeFile(file, key);
  });

  it('must be good at the start', async () => {
    await writeFile(path.join(setup.directory, 'identity.key'), await readFile(filesOf('crypto-gateway').keyFile));
    expect(() => watchCertificates(filesOf('identity'))).toThrow('identity.key');
    expect(() => watchCertificates({ ...filesOf('identity'), caFile: '/nowhere/ca.pem' })).toThrow('ENOENT');
  });

  function filesOf(service: string) {
    const at = (file: string) => path.join(setup.directory, file);
    return { caFile: at('service-ca.pem'), certificateFile: at(`${service}.pem`), keyFile: at(`${service}.key`) };
  }
});
