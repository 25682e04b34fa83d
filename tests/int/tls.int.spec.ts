import { X509Certificate } from 'node:crypto';
import { chmod, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import tls from 'node:tls';
import { ensureDevelopmentCertificates, TlsSource } from '@coffer/tls';
import { clockIn, connect, echoServer, localNames, temporaryDirectory } from '../support/tls.js';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  place = await temporaryDirectory();
});
afterEach(() => place.remove());

const ensure = (days = 0, names = localNames) =>
  ensureDevelopmentCertificates({ directory: place.directory, ...names, clock: clockIn(days) });
const certificate = async (name: 'ca.pem' | 'server.pem') =>
  new X509Certificate(await readFile(path.join(place.directory, name)));
const fingerprints = async () => [
  (await certificate('ca.pem')).fingerprint256,
  (await certificate('server.pem')).fingerprint256,
];

describe('a client that trusts the development CA', () => {
  let server: Awaited<ReturnType<typeof echoServer>>;
  let ca: Buffer;
  beforeEach(async () => {
    const files = await ensure();
    ca = await readFile(files.caFile);
    server = await echoServer((await TlsSource.open(files)).options);
  });
  afterEach(() => server.close());

  it.each(['localhost', 'login.localhost', 'management.localhost', 'myvault.vault.localhost'])(
    'accepts the server as %s',
    async (servername) => {
      const socket = await connect(server.port, { ca, servername });
      expect(socket.authorized).toBe(true);
      socket.destroy();
    },
  );

  it('accepts the server by both addresses', async () => {
    const socket = await connect(server.port, { ca });
    const peer = socket.getPeerCertificate();
    expect(['127.0.0.1', '::1'].map((ip) => tls.checkServerIdentity(ip, peer))).toEqual([undefined, undefined]);
    expect(tls.checkServerIdentity('127.0.0.2', peer)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    socket.destroy();
  });

  it.each(['a.b.vault.localhost', 'vault.localhost', 'other.localhost', 'example.com'])(
    'does not accept it as %s',
    async (servername) => {
      await expect(connect(server.port, { ca, servername })).rejects.toMatchObject({
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      });
    },
  );

  it('is needed: without the CA, and with the CA of another installation, the server is refused', async () => {
    const other = await temporaryDirectory();
    const foreign = await ensureDevelopmentCertificates({ directory: other.directory, ...localNames });
    const refusal = { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' };
    await expect(connect(server.port, { servername: 'localhost' })).rejects.toMatchObject(refusal);
    const foreignCa = await readFile(foreign.caFile);
    await expect(connect(server.port, { ca: foreignCa, servername: 'localhost' })).rejects.toMatchObject(refusal);
    await other.remove();
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('can speak %s, with a forward secret AEAD suite', async (version) => {
    const socket = await connect(server.port, {
      ca,
      servername: 'localhost',
      minVersion: version,
      maxVersion: version,
    });
    expect(socket.getProtocol()).toBe(version);
    expect(socket.getCipher().standardName).toMatch(/^TLS_(ECDHE_ECDSA_WITH_)?(AES|CHACHA20).*(GCM|POLY1305)/);
    socket.destroy();
  });

  it('cannot speak an older version', async () => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(connect(server.port, { ca, servername: 'localhost', ...old })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
  });
});

describe('the development certificates', () => {
  it('live ten years and 397 days, on P-256, the CA for servers only', async () => {
    const files = await ensure();
    expect(files).toMatchObject({ caCreated: true, serverCreated: true });
    const [ca, server] = [await certificate('ca.pem'), await certificate('server.pem')];
    const days = ({ validFrom, validTo }: X509Certificate) =>
      (Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000;
    expect([days(ca), days(server)]).toEqual([3653, 397]);
    expect([ca.ca, server.ca]).toEqual([true, false]);
    expect(server.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']); // serverAuth
  });

  it('keep their private keys to their owner, also after a copy that widened the mode', async () => {
    const mode = async (name: string) => (await stat(path.join(place.directory, name))).mode & 0o777;
    await ensure();
    expect([await mode('ca.key'), await mode('server.key')]).toEqual([0o600, 0o600]);
    await chmod(path.join(place.directory, 'ca.key'), 0o644);
    await chmod(path.join(place.directory, 'server.key'), 0o644);
    await ensure();
    expect([await mode('ca.key'), await mode('server.key')]).toEqual([0o600, 0o600]);
    expect((await readdir(place.directory)).sort()).toEqual(['ca.key', 'ca.pem', 'server.key', 'server.pem']);
  });

  it('stay as they are on the next start, whatever the order of the names', async () => {
    await ensure();
    const before = await fingerprints();
    const names = { dnsNames: localNames.dnsNames.toReversed(), ipAddresses: ['0:0:0:0:0:0:0:1', '127.0.0.1'] };
    expect(await ensure(0, names)).toMatchObject({ caCreated: false, serverCreated: false });
    expect(await fingerprints()).toEqual(before);
  });

  it('change for other names and before the end, under the CA that clients already trust', async () => {
    await ensure();
    const [ca, first] = await fingerprints();
    await ensure(0, { ...localNames, dnsNames: ['localhost', '*.vault.coffer.test'] });
    const [sameCa, second] = await fingerprints();
    expect(sameCa).toBe(ca);
    expect(second).not.toBe(first);
    expect((await certificate('server.pem')).checkHost('v.vault.coffer.test')).toBeDefined();

    await ensure();
    const [, third] = await fingerprints();
    await ensure(365);
    expect(await fingerprints()).toEqual([ca, third]); // 31 days left
    expect(await ensure(367)).toMatchObject({ caCreated: false, serverCreated: true }); // 29 days left
    const [stillCa, fourth] = await fingerprints();
    expect(stillCa).toBe(ca);
    expect(fourth).not.toBe(third);
  });

  it('never outlive their CA, which is replaced in its last 30 days', async () => {
    await ensure();
    await ensure(3500);
    expect((await certificate('server.pem')).validTo).toBe((await certificate('ca.pem')).validTo);
    expect(await ensure(3640)).toMatchObject({ caCreated: true, serverCreated: true });
    expect((await certificate('server.pem')).checkIssued(await certificate('ca.pem'))).toBe(true);
  });

  it.each(['server.pem', 'server.key'])('are made anew under the same CA when %s is lost or damaged', async (name) => {
    await ensure();
    const file = path.join(place.directory, name);
    const [ca] = await fingerprints();
    for (const damage of [() => rm(file), () => truncate(file, 60), () => writeFile(file, '')]) {
      await damage();
      expect(await ensure()).toMatchObject({ caCreated: false, serverCreated: true });
      expect((await fingerprints())[0]).toBe(ca);
    }
  });

  it('are made anew when a start was interrupted between key and certificate', async () => {
    await ensure();
    const oldCertificate = await readFile(path.join(place.directory, 'server.pem'));
    await ensure(0, { ...localNames, dnsNames: ['localhost'] });
    await writeFile(path.join(place.directory, 'server.pem'), oldCertificate);
    expect(await ensure()).toMatchObject({ caCreated: false, serverCreated: true });
  });

  it('go on without the key of their CA until they must be renewed, then under a new CA', async () => {
    await ensure();
    await rm(path.join(place.directory, 'ca.key'));
    expect(await ensure()).toMatchObject({ caCreated: false, serverCreated: false });
    expect(await ensure(380)).toMatchObject({ caCreated: true, serverCreated: true });
    expect((await certificate('server.pem')).checkIssued(await certificate('ca.pem'))).toBe(true);
  });

  it('are not made for an impossible name, and nothing is written', async () => {
    const names = { ...localNames, dnsNames: ['a, DNS:evil.test'] };
    await expect(ensure(0, names)).rejects.toMatchObject({ name: 'TlsError', reason: 'bad-name' });
    expect(await readdir(place.directory)).toEqual([]);
  });
});
