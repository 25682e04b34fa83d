import { X509Certificate } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureDevelopmentCertificates, ensureServiceCertificates } from '@coffer/tls';
import { clockIn, issuedBy, localNames, temporaryDirectory } from '../support/tls.js';

const CLIENT_AND_SERVER = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
let place: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  place = await temporaryDirectory();
});
afterEach(() => place.remove());

const ensure = (days = 0, services = ['crypto-gateway', 'identity']) =>
  ensureServiceCertificates({ directory: place.directory, services, clock: clockIn(days) });
const certificateIn = async (file: string) => new X509Certificate(await readFile(path.join(place.directory, file)));

describe('certificates between services', () => {
  it('have the service’s name and no other, are good for both ends, and come from the service CA', async () => {
    const { caFile, services } = await ensure();
    const ca = new X509Certificate(await readFile(caFile));
    expect([ca.ca, Object.keys(services)]).toEqual([true, ['crypto-gateway', 'identity']]);
    for (const [name, { certificateFile, keyFile }] of Object.entries(services)) {
      const certificate = new X509Certificate(await readFile(certificateFile));
      expect(certificate.subjectAltName).toBe(`DNS:${name}`);
      expect(certificate.subject).toBe(`O=Coffer development\nCN=${name}`);
      expect(certificate.keyUsage).toEqual(CLIENT_AND_SERVER);
      expect([certificate.ca, certificate.checkIssued(ca), certificate.verify(ca.publicKey)]).toEqual([
        false,
        true,
        true,
      ]);
      expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    }
  });

  it('stay as they are while they are good, also when a service joins', async () => {
    await ensure();
    const files = ['service-ca.pem', 'crypto-gateway.pem', 'identity.pem'];
    const before = await Promise.all(files.map((file) => certificateIn(file)));
    await ensure(1, ['crypto-gateway', 'identity', 'audit-log']);
    const after = await Promise.all(files.map((file) => certificateIn(file)));
    expect(after.map((each) => each.fingerprint256)).toEqual(before.map((each) => each.fingerprint256));
    expect((await certificateIn('audit-log.pem')).checkIssued(after[0] ?? (await certificateIn(files[0] ?? '')))).toBe(
      true,
    );
  });

  it('are renewed under the same CA before they end, or when one is lost', async () => {
    await ensure();
    const ca = await certificateIn('service-ca.pem');
    const identity = await certificateIn('identity.pem');
    await rm(path.join(place.directory, 'crypto-gateway.key'));
    await ensure(380);
    expect((await certificateIn('service-ca.pem')).fingerprint256).toBe(ca.fingerprint256);
    const renewed = await certificateIn('identity.pem');
    expect(renewed.fingerprint256).not.toBe(identity.fingerprint256);
    expect(renewed.verify(ca.publicKey)).toBe(true);
    expect((await certificateIn('crypto-gateway.pem')).verify(ca.publicKey)).toBe(true);
  });

  it('have the other names that a service is reached by, and are made anew when these change', async () => {
    const withNames = (dns: readonly string[]) =>
      ensureServiceCertificates({
        directory: place.directory,
        services: ['kafka', 'identity'],
        alsoKnownAs: { kafka: { dns, ip: ['127.0.0.1'] } },
        clock: clockIn(0),
      });
    await withNames(['localhost']);
    const before = await certificateIn('kafka.pem');
    expect(before.subjectAltName).toBe('DNS:kafka, DNS:localhost, IP Address:127.0.0.1');
    expect((await certificateIn('identity.pem')).subjectAltName).toBe('DNS:identity');
    await withNames(['localhost']);
    expect((await certificateIn('kafka.pem')).fingerprint256).toBe(before.fingerprint256);
    await withNames(['localhost', 'broker']);
    expect((await certificateIn('kafka.pem')).subjectAltName).toContain('DNS:broker');
  });

  it('are made anew under the same CA when their subject is not the service, as those of earlier versions', async () => {
    await ensure();
    const ca = await certificateIn('service-ca.pem');
    const key = await readFile(path.join(place.directory, 'service-ca.key'), 'utf8');
    const names = { commonName: 'Coffer server', dnsName: 'identity' };
    const earlier = await issuedBy({ certificate: ca.toString(), key }, names);
    await writeFile(path.join(place.directory, 'identity.pem'), earlier.certificate);
    await writeFile(path.join(place.directory, 'identity.key'), earlier.key);
    expect((await certificateIn('identity.pem')).subjectAltName).toBe('DNS:identity');
    await ensure();
    const renewed = await certificateIn('identity.pem');
    expect([renewed.subject, renewed.verify(ca.publicKey)]).toEqual(['O=Coffer development\nCN=identity', true]);
  });

  it('have another CA than what the public sees', async () => {
    await ensure();
    await ensureDevelopmentCertificates({ directory: place.directory, ...localNames });
    const [services, development] = [await certificateIn('service-ca.pem'), await certificateIn('ca.pem')];
    expect((await certificateIn('server.pem')).verify(services.publicKey)).toBe(false);
    expect((await certificateIn('identity.pem')).verify(development.publicKey)).toBe(false);
  });

  it.each(['', 'a b', 'x, DNS:crypto-gateway'])('are not made for "%s"', async (name) => {
    await expect(ensure(0, [name])).rejects.toMatchObject({ name: 'TlsError', reason: 'bad-name' });
  });
});
