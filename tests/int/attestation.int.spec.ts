import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createAttestationVerifier, isSafeUrl, type AttestationAuthority } from '@coffer/token-verifier';
import { startAttestationService, type AttestationService, type TokenOptions } from '../support/attestation.js';

let service: AttestationService;
let directory: string;
beforeAll(async () => {
  service = await startAttestationService();
  directory = await mkdtemp(path.join(tmpdir(), 'coffer-attestation-'));
});
afterAll(async () => {
  await service.close();
  await rm(directory, { recursive: true });
});

const time = { now: Date.now() };
const clock = { now: () => time.now, monotonic: () => time.now };
const seconds = () => Math.floor(time.now / 1000);
const verifierOf = (...authorities: AttestationAuthority[]) =>
  createAttestationVerifier({ authorities, clock, clockSkewSeconds: 60 });
const refused = (why: string) => ({
  code: 'ReleaseRefused',
  message: `Target environment attestation statement cannot be verified. ${why}`,
});

const MALFORMED = refused('It is malformed.');
const UNTRUSTED = refused('Its authority is not trusted here.');
const NOT_SIGNED = refused('Its signature is not valid.');
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('attestation tokens', () => {
  it('of a configured authority are accepted, with the keys that its metadata leads to', async () => {
    const verifier = verifierOf({ authority: `${service.issuer}/` });
    const token = await service.token({ tee: 'sevsnpvm' });
    const asked = service.asked.length;
    const { authority, claims } = await verifier.verify(token);
    expect(authority).toBe(service.issuer);
    expect(claims['tee']).toBe('sevsnpvm');
    await verifier.verify(token);
    expect(service.asked.slice(asked)).toEqual(['/.well-known/openid-configuration', '/certs']);
  });

  it('are verified by a file where there is one, also by keys that are certificates alone', async () => {
    const file = path.join(directory, 'jwks.json');
    await writeFile(file, JSON.stringify(service.jwks));
    const asked = service.asked.length;
    const offline = verifierOf({ authority: service.issuer, jwksFile: file });
    await expect(offline.verify(await service.token({}))).resolves.toBeDefined();
    const certificate = await certificateOf(service);
    await writeFile(file, JSON.stringify({ keys: [{ kty: 'RSA', kid: 'attestation-1', x5c: [certificate] }] }));
    const byCertificate = verifierOf({ authority: service.issuer, jwksFile: file });
    await expect(byCertificate.verify(await service.token({}))).resolves.toBeDefined();
    expect(service.asked).toHaveLength(asked);
  });

  it.each<[string, unknown]>([
    ['is null', null],
    ['has a certificate that is none', { kty: 'RSA', kid: 'bad', x5c: ['AAAA'] }],
    ['has no numbers', { kty: 'RSA', kid: 'bad' }],
    ['is of a type that nobody knows', { kty: 'new', kid: 'bad' }],
  ])('are verified although another key of their authority %s (RFC 7517 §5)', async (_what, key) => {
    const file = path.join(directory, 'jwks-with-others.json');
    await writeFile(file, JSON.stringify({ keys: [key, ...service.jwks.keys] }));
    const verifier = verifierOf({ authority: service.issuer, jwksFile: file });
    await expect(verifier.verify(await service.token({}))).resolves.toBeDefined();
  });

  it('cannot be verified while the key that they name is damaged, or all are, and are again when it is whole', async () => {
    const file = path.join(directory, 'damaged.json');
    const [good] = service.jwks.keys;
    const damaged = { ...good, n: 'AA', e: '' };
    const token = await service.token({});
    const unavailable = { code: 'ServiceUnavailable' };
    for (const keys of [[damaged], [damaged, { ...good, kid: 'another' }]]) {
      await writeFile(file, JSON.stringify({ keys }));
      const verifier = verifierOf({ authority: service.issuer, jwksFile: file });
      await expect(verifier.verify(token)).rejects.toMatchObject(unavailable);
      await expect(verifier.verify(token)).rejects.toMatchObject(unavailable);
      await expect(verifier.verify(await service.token({}, { kid: 'nobody' }))).rejects.toMatchObject({
        code: keys.length === 1 ? 'ServiceUnavailable' : 'ReleaseRefused',
      });
      await writeFile(file, JSON.stringify(service.jwks));
      time.now += 31_000;
      await expect(verifier.verify(await service.token({}))).resolves.toBeDefined();
    }
  });

  it('are bound to their times, with the skew', async () => {
    const verifier = verifierOf({ authority: service.issuer });
    const at = (options: TokenOptions) => service.token({}, options).then((token) => verifier.verify(token));
    await expect(at({ expires: seconds() - 59 })).resolves.toBeDefined();
    await expect(at({ expires: seconds() - 61 })).rejects.toMatchObject(refused('It has expired.'));
    await expect(at({ notBefore: seconds() + 58 })).resolves.toBeDefined();
    await expect(at({ notBefore: seconds() + 62 })).rejects.toMatchObject(refused('It is not valid yet.'));
  });

  it('need an expiry', async () => {
    const [header = '', payload = ''] = (await service.token({})).split('.');
    const { exp, ...claims } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    expect(exp).toBeDefined();
    const { sign } = await import('node:crypto');
    const input = `${header}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(input), service.key).toString('base64url');
    await expect(verifierOf({ authority: service.issuer }).verify(`${input}.${signature}`)).rejects.toMatchObject(
      refused('It has no valid expiry.'),
    );
  });

  describe('of an attacker', () => {
    const verify = async (token: string) => verifierOf({ authority: service.issuer }).verify(token);
    const claims = () => ({ iss: service.issuer, exp: seconds() + 600, tee: 'canary-claim' });
    const unsigned = (header: object, signature = '') => `${encode(header)}.${encode(claims())}.${signature}`;

    it('without a signature are refused', async () => {
      await expect(verify(unsigned({ alg: 'none' }))).rejects.toMatchObject(MALFORMED);
      await expect(verify(unsigned({ alg: 'none' }, 'AAAA'))).rejects.toMatchObject(NOT_SIGNED);
      await expect(verify(unsigned({ alg: 'RS256', kid: 'attestation-1' }, 'AAAA'))).rejects.toMatchObject(NOT_SIGNED);
    });

    it('that take the public key for a secret are refused', async () => {
      const publicKey = createPublicKey(service.key);
      for (const format of ['pem', 'der'] as const) {
        const secret = publicKey.export({ format, type: 'spki' } as { format: 'pem'; type: 'spki' });
        const input = `${encode({ alg: 'HS256', kid: 'attestation-1' })}.${encode(claims())}`;
        const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
        await expect(verify(token)).rejects.toMatchObject(NOT_SIGNED);
      }
    });

    it('of an issuer that is not configured are refused, and nobody is asked about it', async () => {
      const other = await startAttestationService();
      await expect(verify(await other.token({}))).rejects.toMatchObject(UNTRUSTED);
      await expect(verify(await other.token({}, { issuer: service.issuer }))).rejects.toMatchObject(NOT_SIGNED);
      for (const issuer of ['', `${service.issuer}/x`, service.issuer.toUpperCase(), 'x'.repeat(9e4)]) {
        await expect(verify(await service.token({}, { issuer }))).rejects.toMatchObject(
          issuer.length > 8e4 ? { code: 'ReleaseRefused' } : UNTRUSTED,
        );
      }
      expect(other.asked).toEqual([]);
      await other.close();
    });

    it('that bring their own key, or a way to one, are refused', async () => {
      const { privateKey: key, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const evil = await startAttestationService();
      for (const header of [
        { jwk: publicKey.export({ format: 'jwk' }) },
        { jku: `${evil.issuer}/certs` },
        { x5u: `${evil.issuer}/certs` },
        { x5c: [await certificateOf(evil)] },
      ]) {
        await expect(verify(await service.token({}, { key, header }))).rejects.toMatchObject(NOT_SIGNED);
      }
      expect(evil.asked).toEqual([]);
      await evil.close();
    });

    it('whose kid is a path, a query or a novel are refused without asking anywhere else', async () => {
      const asked = service.asked.length;
      const verifier = verifierOf({ authority: service.issuer });
      for (const kid of ['../../../../etc/passwd', '/dev/null', "' OR 1=1 --", 'x'.repeat(4096), '']) {
        await expect(verifier.verify(await service.token({}, { kid }))).rejects.toMatchObject(NOT_SIGNED);
      }
      const paths = new Set(service.asked.slice(asked));
      expect([...paths].sort()).toEqual(['/.well-known/openid-configuration', '/certs']);
      expect(service.asked.length - asked).toBeLessThanOrEqual(4);
    });

    it('that are huge, no token, or of critical extensions are refused', async () => {
      const long = await service.token({ pad: 'x'.repeat(200_000) });
      for (const token of [long, 'x', 'a.b', 'a.b.c.d.e', `${'a'.repeat(1000)}.é.a`]) {
        await expect(verify(token)).rejects.toMatchObject(MALFORMED);
      }
      await expect(verify('a.b.c')).rejects.toMatchObject(NOT_SIGNED);
      const { sign } = await import('node:crypto');
      const input = `${encode({ alg: 'RS256', kid: 'attestation-1', crit: ['x'], x: 1 })}.${encode(claims())}`;
      const signature = sign('sha256', Buffer.from(input), service.key).toString('base64url');
      await expect(verify(`${input}.${signature}`)).rejects.toMatchObject(NOT_SIGNED);
    });

    it('are refused whichever part is changed, and the refusal tells nothing of them', async () => {
      const parts = (await service.token({ tee: 'canary-claim' })).split('.');
      for (const index of [0, 1, 2]) {
        const changed = parts.map((part, i) =>
          i === index ? `${part.slice(0, 20)}${flip(part[20])}${part.slice(21)}` : part,
        );
        const refusal = await verify(changed.join('.')).catch((error: unknown) => error);
        expect(refusal).toMatchObject({ code: 'ReleaseRefused' });
        expect((refusal as Error).message).not.toContain('canary');
      }
    });
  });

  it('cannot be verified while the authority is away, nor by answers that are not its own', async () => {
    const away = await startAttestationService();
    const token = await away.token({});
    await away.close();
    const unavailable = { code: 'ServiceUnavailable' };
    await expect(verifierOf({ authority: away.issuer }).verify(token)).rejects.toMatchObject(unavailable);
    // Its metadata names the issuer without the path.
    const other = `${service.issuer}/tenant`;
    const foreign = verifierOf({ authority: other });
    await expect(foreign.verify(await service.token({}, { issuer: other }))).rejects.toMatchObject(unavailable);
    const missing = verifierOf({ authority: service.issuer, jwksFile: path.join(directory, 'missing.json') });
    await expect(missing.verify(await service.token({}))).rejects.toMatchObject(unavailable);
  });

  it.each([
    ['https://attest.example', true],
    ['http://127.0.0.1:8080', true],
    ['http://[::1]:8080', true],
    ['http://attest.example', false],
    ['http://127.0.0.1.evil.example', false],
    ['https://user:password@attest.example', false],
    ['file:///etc/passwd', false],
    ['attest.example', false],
  ])('are asked for at %s: %s', (url, safe) => {
    expect(isSafeUrl(url)).toBe(safe);
  });
});

function flip(character = 'A'): string {
  return character === 'A' ? 'B' : 'A';
}

/** A self-signed certificate of the service's key, base64 of DER. */
async function certificateOf({ key }: AttestationService): Promise<string> {
  await import('reflect-metadata');
  const { X509CertificateGenerator } = await import('@peculiar/x509');
  const { webcrypto } = await import('node:crypto');
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const pkcs8 = new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));
  const spki = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }));
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=attestation',
    notBefore: new Date(0),
    notAfter: new Date('2100-01-01'),
    signingAlgorithm: algorithm,
    keys: {
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
      publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
    },
  });
  return certificate.toString('base64');
}
