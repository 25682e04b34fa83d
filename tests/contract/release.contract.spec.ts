import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KeyClient, type ReleaseKeyOptions } from '@azure/keyvault-keys';
import { attestedEnvironment, startAttestationService, type AttestationService } from '../support/attestation.js';
import { startCoffer, type RunningCoffer } from '../support/coffer.js';
import { claimedVersions, Exercise } from '../support/compatibility.js';
import { openReleased } from '../support/open-released.js';
import { Conformance, credential } from '../support/sdk.js';

let coffer: RunningCoffer;
let online: AttestationService;
/** Coffer knows its keys by a file and never asks it. */
let offline: AttestationService;
let directory: string;
beforeAll(async () => {
  [online, offline] = await Promise.all([startAttestationService(), startAttestationService()]);
  directory = await mkdtemp(path.join(tmpdir(), 'coffer-release-'));
  const file = path.join(directory, 'jwks.json');
  await writeFile(file, JSON.stringify(offline.jwks));
  const authorities = `${online.issuer}, ${offline.issuer}=${file}`;
  coffer = await startCoffer({ env: { COFFER_ATTESTATION_AUTHORITIES: authorities } });
});
afterAll(async () => {
  expect(coffer.lines.all.join('\n')).not.toMatch(/eyJ[\w-]{20}|sdk-test/); // neither tokens nor claims
  await coffer.dispose();
  await Promise.all([online.close(), offline.close()]);
  await rm(directory, { recursive: true });
});

const ADMIN = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));

/** What a command of the operator prints, the certificate in use first. */
async function certificatesBy(...command: string[]): Promise<string[]> {
  const env = { ...process.env, COFFER_DATA_DIR: coffer.dataDir };
  const { stdout } = await promisify(execFile)(process.execPath, [ADMIN, ...command], { env });
  const pems = stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return pems.map((pem) => new X509Certificate(pem).fingerprint256);
}

const environment = attestedEnvironment();
const encode = (policy: object): Buffer => Buffer.from(JSON.stringify(policy));
const policyOf = (authority: string, equals: string) =>
  encode({ version: '1.0.0', anyOf: [{ authority, allOf: [{ claim: 'sdk-test', equals }] }] });
const attested = (service: AttestationService, claims: object = { 'sdk-test': true }) =>
  service.token({ ...environment.runtime, ...claims });
const refused = (message: RegExp) => ({
  statusCode: 403,
  code: 'Forbidden',
  message: expect.stringMatching(message) as string,
});
const badParameter = (message: string) => ({ statusCode: 400, code: 'BadParameter', message });

const versions = ['7.3', '7.4', '7.5', '7.6', '2025-07-01'];
it('runs every api-version that docs/compatibility.md claims of it', () => {
  expect(claimedVersions('js', import.meta.url)).toEqual([...versions].sort());
});

describe.each(versions)('secure key release by the official client, api-version %s', (version) => {
  const prefix = `skr-${version.replace('.', '-')}`;
  const exercise = new Exercise('js', version, import.meta.url);
  let conformance: Conformance;
  let client: KeyClient;

  beforeAll(() => {
    conformance = new Conformance('data', version, exercise);
    const tlsOptions = { ca: coffer.ca };
    const serviceVersion = version as '7.6';
    client = new KeyClient(coffer.vaultUrl(), credential(coffer), {
      serviceVersion,
      tlsOptions,
      ...conformance.options,
    });
  });
  afterAll(() => {
    expect(conformance.violations).toEqual([]);
    expect(conformance.checked.length).toBeGreaterThan(10);
    expect(exercise.unproven()).toEqual([]);
  });

  const exportable = (encodedPolicy: Uint8Array, immutable = false) => ({
    exportable: true,
    releasePolicy: { encodedPolicy, ...(immutable ? { immutable } : {}) },
  });
  async function released(name: string, target: string, options: ReleaseKeyOptions = {}) {
    const { value } = await client.releaseKey(name, target, options);
    return openReleased(value, environment.privateKey);
  }

  it('creates, shows and releases an RSA and an EC key', async () => {
    const policy = policyOf(online.issuer, 'true');
    for (const make of [
      () => client.createRsaKey(`${prefix}-rsa`, { ...exportable(policy), keyOps: ['encrypt', 'decrypt'] }),
      () => client.createEcKey(`${prefix}-ec`, { ...exportable(policy), curve: 'P-256' }),
    ]) {
      const made = await make();
      const found = await client.getKey(made.name);
      for (const { properties } of [made, found]) {
        expect(properties.exportable).toBe(true);
        expect(Buffer.from(properties.releasePolicy?.encodedPolicy ?? [])).toEqual(policy);
        expect(properties.releasePolicy?.immutable).toBe(false);
      }
      for (const algorithm of ['CKM_RSA_AES_KEY_WRAP', 'RSA_AES_KEY_WRAP_256', 'RSA_AES_KEY_WRAP_384']) {
        const { key, payload } = await released(made.name, await attested(online), { algorithm, nonce: 'fresh' });
        const jwk = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })).export({
          format: 'jwk',
        });
        for (const member of ['n', 'e', 'x', 'y'] as const) {
          const number = made.key?.[member];
          expect(jwk[member]).toBe(number === undefined ? undefined : Buffer.from(number).toString('base64url'));
        }
        expect(payload.request).toEqual({ 'api-version': version, enc: algorithm, kid: made.id, nonce: 'fresh' });
      }
    }
  });

  it('imports and releases a key by an authority that is known by a file', async () => {
    const k = Buffer.alloc(32, 7);
    const jwk = { kty: 'oct' as const, k };
    const options = exportable(policyOf(offline.issuer, 'true'));
    const { name, properties } = await client.importKey(`${prefix}-oct`, jwk, options);
    const { key } = await released(name, await attested(offline), { version: properties.version ?? '' });
    expect(key).toEqual(k);
    expect(offline.asked).toEqual([]);
  });

  it('updates the policy until it is immutable', async () => {
    const name = `${prefix}-policy`;
    await client.createKey(name, 'EC', exportable(policyOf(online.issuer, 'true')));
    await released(name, await attested(online));
    const encodedPolicy = policyOf(online.issuer, 'false');
    const { properties } = await client.updateKeyProperties(name, {
      releasePolicy: { encodedPolicy, immutable: true },
    });
    expect(properties.releasePolicy?.immutable).toBe(true);
    await expect(released(name, await attested(online))).rejects.toMatchObject(
      refused(/does not meet key release policy/),
    );
    await released(name, await attested(online, { 'sdk-test': false }));
    const back = client.updateKeyProperties(name, {
      releasePolicy: { encodedPolicy: policyOf(online.issuer, 'true') },
    });
    await expect(back).rejects.toMatchObject(
      badParameter('AKV.SKR.1020: Immutable Key Release Policy cannot be modified.'),
    );
  });

  it('refuses a policy without export, and export without a policy', async () => {
    const encodedPolicy = policyOf(online.issuer, 'true');
    await expect(client.createKey(`${prefix}-no`, 'EC', { exportable: true })).rejects.toMatchObject(
      badParameter('AKV.SKR.1004: Exportable keys must have release policy.'),
    );
    await expect(client.createKey(`${prefix}-no`, 'EC', { releasePolicy: { encodedPolicy } })).rejects.toMatchObject(
      badParameter('AKV.SKR.1005: Non-exportable keys must not have release policy.'),
    );
    await expect(client.createKey(`${prefix}-no`, 'RSA-HSM', exportable(encodedPolicy))).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  it('has its certificate printed by the operator’s tool', async () => {
    const { name } = await client.createKey(`${prefix}-pinned`, 'EC', exportable(policyOf(online.issuer, 'true')));
    const { certificate } = await released(name, await attested(online));
    expect((await certificatesBy('release-certificate'))[0]).toBe(certificate.fingerprint256);
  });

  it('is signed by another key when the operator’s tool rotates it; the certificate of before is still printed', async () => {
    const { name } = await client.createKey(`${prefix}-rotated`, 'EC', exportable(policyOf(online.issuer, 'true')));
    const before = (await released(name, await attested(online))).certificate.fingerprint256;
    const [now, next] = await certificatesBy('rotate-release-key');
    expect(now).toBe(before);
    expect((await released(name, await attested(online))).certificate.fingerprint256).toBe(before);

    const printed = await certificatesBy('rotate-release-key', '--after-days', '0');
    expect(printed.slice(0, 2)).toEqual([next, before]);

    expect((await released(name, await attested(online))).certificate.fingerprint256).toBe(next);
    await expect(certificatesBy('rotate-release-key', '--after-days', '-1')).rejects.toThrow('--after-days');
  });

  it('refuses tokens of others', async () => {
    const name = `${prefix}-hostile`;
    await client.createKey(name, 'EC', exportable(policyOf(online.issuer, 'true')));
    const stranger = await startAttestationService();
    const signed = await attested(stranger);
    const posing = await stranger.token({ ...environment.runtime, 'sdk-test': true }, { issuer: online.issuer });
    await stranger.close();
    for (const target of [signed, posing, 'x', 'a.b.c']) {
      await expect(released(name, target)).rejects.toMatchObject(refused(/attestation statement cannot be verified/));
    }
    const wrongAuthority = await attested(offline);
    await expect(released(name, wrongAuthority)).rejects.toMatchObject(refused(/does not meet key release policy/));
  });
});
