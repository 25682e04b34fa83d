import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { ensureDevelopmentCertificates, TlsSource, type TlsReason, type ServerTlsOptions } from '@coffer/tls';
import {
  clockIn,
  connect,
  echoServer,
  fingerprintSeen,
  localNames,
  temporaryDirectory,
  weakPair,
} from '../support/tls.js';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let paths: { readonly certificateFile: string; readonly keyFile: string };
let ca: Buffer;

beforeEach(async () => {
  place = await temporaryDirectory();
  const files = await ensureDevelopmentCertificates({ directory: place.directory, ...localNames });
  paths = { certificateFile: files.certificateFile, keyFile: files.keyFile };
  ca = await readFile(files.caFile);
});
afterEach(() => place.remove());

/** Puts a new server certificate of the same CA into the files. */
async function replacePair(dnsName: string): Promise<void> {
  await ensureDevelopmentCertificates({
    directory: place.directory,
    dnsNames: ['localhost', dnsName],
    ipAddresses: [],
  });
}

describe('certificate files that cannot be used', () => {
  async function expectRefusal(reason: TlsReason, ...words: string[]): Promise<void> {
    const error: unknown = await TlsSource.open(paths).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ name: 'TlsError', reason });
    for (const word of words) expect((error as Error).message).toContain(word);
    const key = await readFile(paths.keyFile, 'utf8').catch(() => '');
    for (const line of key.split('\n').filter((text) => text.length > 40)) expect(String(error)).not.toContain(line);
  }

  it.each(['certificateFile', 'keyFile'] as const)('are named when the %s is missing', async (which) => {
    await rm(paths[which]);
    await expectRefusal('unreadable', paths[which], 'ENOENT');
  });

  it('are named when there is no certificate in the file', async () => {
    await writeFile(paths.certificateFile, 'not PEM');
    await expectRefusal('bad-certificate', paths.certificateFile);
  });

  it('are named when there is no key in the file', async () => {
    await copyFile(paths.certificateFile, paths.keyFile);
    await expectRefusal('bad-key', paths.keyFile);
  });

  it('are named with advice when the key is encrypted', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' } as const;
    await writeFile(paths.keyFile, privateKey.export(encrypted));
    await expectRefusal('bad-key', paths.keyFile, 'without a passphrase');
  });

  it('are named together when they do not belong together', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(paths.keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await expectRefusal('mismatch', paths.certificateFile, paths.keyFile);
  });

  it('are refused when the chain begins with the issuer', async () => {
    await writeFile(paths.certificateFile, Buffer.concat([ca, await readFile(paths.certificateFile)]));
    await expectRefusal('mismatch', 'must come first');
  });

  it('are refused outside their validity, with the date', async () => {
    const late = TlsSource.open(paths, clockIn(397));
    await expect(late).rejects.toMatchObject({
      reason: 'expired',
      message: expect.stringMatching(/at 20\d\d-/) as string,
    });
    const early = TlsSource.open(paths, clockIn(-2));
    await expect(early).rejects.toMatchObject({ reason: 'not-yet-valid' });
  });

  it('are refused when OpenSSL thinks the key too weak', async () => {
    const weak = await weakPair();
    await writeFile(paths.certificateFile, weak.certificate);
    await writeFile(paths.keyFile, weak.key);
    await expectRefusal('rejected', paths.certificateFile, 'ERR_SSL_EE_KEY_TOO_SMALL');
  });

  it('may hold the chain after the certificate', async () => {
    await writeFile(paths.certificateFile, Buffer.concat([await readFile(paths.certificateFile), ca]));
    const server = await echoServer((await TlsSource.open(paths)).options);
    expect(await fingerprintSeen(server.port, ca)).toMatch(/^[0-9a-f]{64}$/);
    await server.close();
  });
});

describe('a running server', () => {
  let source: TlsSource;
  let server: Awaited<ReturnType<typeof echoServer>>;
  beforeEach(async () => {
    source = await TlsSource.open(paths);
    server = await echoServer(source.options);
  });
  afterEach(() => server.close());

  it('takes a new certificate when the files change; established connections go on', async () => {
    const before = await fingerprintSeen(server.port, ca);
    const established = await connect(server.port, { ca, servername: 'localhost' });
    const reloaded = Promise.withResolvers<ServerTlsOptions>();
    const stop = source.watch(
      (options) => {
        server.server.setSecureContext(options);
        reloaded.resolve(options);
      },
      { intervalMilliseconds: 10 },
    );
    await replacePair('new.test');
    await reloaded.promise;
    stop();
    const after = await fingerprintSeen(server.port, ca);
    expect(after).not.toBe(before);
    expect(after).toBe(source.fingerprint);
    established.write('still here');
    expect(String((await once(established, 'data'))[0])).toBe('still here');
    const old = connect(server.port, {
      ca,
      servername: 'localhost',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await expect(old).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
    established.destroy();
  });

  it('keeps the old certificate while the new pair is bad, reports that once, and takes the next good one', async () => {
    const before = source.fingerprint;
    const reported = Promise.withResolvers<unknown>();
    const reloaded = Promise.withResolvers<undefined>();
    const errors: unknown[] = [];
    const stop = source.watch(
      (options) => {
        server.server.setSecureContext(options);
        reloaded.resolve(undefined);
      },
      {
        intervalMilliseconds: 5,
        onError: (error) => {
          errors.push(error);
          reported.resolve(error);
        },
      },
    );
    await writeFile(paths.certificateFile, 'half a file');
    expect(await reported.promise).toMatchObject({ reason: 'bad-certificate' });
    // Several more polls meet the same failure.
    for (let poll = 0; poll < 5; poll++)
      await expect(source.reload()).rejects.toMatchObject({ reason: 'bad-certificate' });
    expect(source.fingerprint).toBe(before);
    expect(await fingerprintSeen(server.port, ca)).toBe(before);
    await replacePair('next.test');
    await reloaded.promise;
    stop();
    expect(errors).toHaveLength(1);
    expect(await fingerprintSeen(server.port, ca)).toBe(source.fingerprint);
    expect(source.fingerprint).not.toBe(before);
  });

  it('reloads on demand and tells whether anything changed', async () => {
    const seen: ServerTlsOptions[] = [];
    const stop = source.watch((options) => seen.push(options), { intervalMilliseconds: 3_600_000 });
    expect(await source.reload()).toBe(false);
    await replacePair('demand.test');
    expect(await Promise.all([source.reload(), source.reload()])).toEqual([true, true]);
    expect(seen).toEqual([source.options]);
    stop();
    await replacePair('unwatched.test');
    expect(await source.reload()).toBe(true);
    expect(seen).toHaveLength(1);
  });
});
