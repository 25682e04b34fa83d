import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CryptoProvider } from '@coffer/contracts';
import { createCryptoProvider } from '@coffer/crypto-node';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { createKeys, keyProjections, keysMigrations, releaseCertificates } from '@coffer/keys-feature';
import { createAttestationVerifier } from '@coffer/token-verifier';
import type { keyOperations, VaultSnapshot } from '@coffer/wire';
import { attestedEnvironment, startAttestationService, type AttestationService } from '../support/attestation.js';
import { testContext, testVault } from '../support/context.js';
import { openReleased } from '../support/open-released.js';
import { dump, objectsSetup, rowsOf, type ObjectsSetup } from './objects-setup.js';

let setup: ObjectsSetup;
let provider: CryptoProvider;
let service: AttestationService;
let keys: ReturnType<typeof createKeys>;
const instance = () => {
  const { clock } = setup.ports;
  const attestation = createAttestationVerifier({
    authorities: [{ authority: service.issuer }],
    clock,
    clockSkewSeconds: 60,
  });
  return createKeys({ ...setup.another(), provider, attestation });
};
beforeAll(async () => {
  setup = await objectsSetup({ purpose: 'keys', migrations: keysMigrations, projections: keyProjections });
  provider = createCryptoProvider({ threads: 1 });
  service = await startAttestationService();
  keys = instance();
});
afterAll(async () => {
  await service.close();
  await provider.close();
  await setup.close();
});

let vault: VaultSnapshot;
beforeEach(() => {
  vault = testVault();
});

interface Bundle {
  readonly key: Readonly<Record<string, unknown>> & { readonly kid: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly release_policy?: Readonly<Record<string, unknown>>;
}

type Operation = keyof typeof keyOperations;
type Options = { readonly apiVersion?: string; readonly vault?: VaultSnapshot; readonly on?: typeof keys };

/** What a handler answers or throws, and what it says to the audit record. */
async function outcomeOf(operation: Operation, params: Record<string, string>, body: unknown, options: Options = {}) {
  const { apiVersion = '7.6', on = keys } = options;
  const context = testContext(operation, { vault: options.vault ?? vault, now: setup.time.now, params, apiVersion });
  const outcome = await on.controller.handlers[operation](context, body).then(
    ({ body: answer }) => ({ answer, error: undefined }),
    (error: unknown) => ({ answer: undefined, error }),
  );
  return { ...outcome, audit: context.audit.described };
}

async function call<T = Bundle>(
  operation: Operation,
  params: Record<string, string> = {},
  body?: unknown,
  options: Options = {},
): Promise<T> {
  const { answer, error } = await outcomeOf(operation, params, body, options);
  if (error !== undefined) throw error as Error;
  return answer as T;
}

const refused = (code: string): unknown => expect.objectContaining({ code });
const policyFor = (claim: string, equals: unknown, authority = service.issuer) =>
  Buffer.from(JSON.stringify({ version: '1.0.0', anyOf: [{ authority, allOf: [{ claim, equals }] }] })).toString(
    'base64url',
  );
const exportable = (body: object, policy: object = { data: policyFor('tee.type', 'sevsnpvm') }) => ({
  ...body,
  attributes: { exportable: true },
  release_policy: policy,
});
const hours = () => ({ expires: Math.floor(setup.time.now / 1000) + 3600 });
const environment = attestedEnvironment();
const attested = (claims: object = {}) =>
  service.token({ ...environment.runtime, tee: { type: 'sevsnpvm' }, ...claims }, hours());
const versionOf = ({ key }: Bundle): string => key.kid.split('/').at(-1) ?? '';

async function release(name: string, more: object = {}, options: Options = {}) {
  const { value } = await call<{ value: string }>(
    'KeyRelease',
    { name },
    { target: await attested(), ...more },
    options,
  );
  return openReleased(value, environment.privateKey);
}

describe('release', () => {
  it('hands an EC and an RSA key to the attested environment, and nobody else can open them', async () => {
    for (const body of [{ kty: 'EC', crv: 'P-384' }, { kty: 'RSA' }]) {
      const made = await call('KeyCreate', { name: 'k' }, exportable(body));
      const { key, payload } = await release('k', { nonce: 'n-1', enc: 'RSA_AES_KEY_WRAP_256' });
      const jwk = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
      expect(made.key).toMatchObject(jwk);
      expect(payload.request).toEqual({
        'api-version': '7.6',
        enc: 'RSA_AES_KEY_WRAP_256',
        kid: made.key.kid,
        nonce: 'n-1',
      });
      const { key_hsm: blob, ...shown } = payload.response.key.key;
      expect(blob).toMatch(/^[\w-]+$/);
      expect({ ...payload.response.key, key: shown }).toEqual(made);
    }
  });

  it.each(['CKM_RSA_AES_KEY_WRAP', 'RSA_AES_KEY_WRAP_256', 'RSA_AES_KEY_WRAP_384'])(
    'hands an imported oct key as it is, by %s',
    async (enc) => {
      const k = randomBytes(32);
      const jwk = { kty: 'oct', k: k.toString('base64url'), key_ops: ['encrypt', 'export'] };
      const made = await call('KeyImport', { name: 'imported' }, exportable({ key: jwk }));
      expect(made.key['key_ops']).toEqual(['encrypt', 'export']);
      const { key, blob, payload } = await release('imported', { enc });
      expect(key).toEqual(k);
      expect(blob.header).toEqual({ kid: 'ephemeral', alg: 'dir', enc });
      expect(payload.request).not.toHaveProperty('nonce');
    },
  );

  it('takes CKM_RSA_AES_KEY_WRAP where nothing is said, and the version that is asked for', async () => {
    const first = await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    const params = { name: 'k', version: versionOf(first) };
    const { value } = await call<{ value: string }>('KeyRelease', params, { target: await attested() });
    const { payload, blob } = await openReleased(value, environment.privateKey);
    expect(payload.request['kid']).toBe(first.key.kid);
    expect(blob.header['enc']).toBe('CKM_RSA_AES_KEY_WRAP');
  });

  it('is signed by one key of the installation, whichever instance answers first', async () => {
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    await setup.ports.database.query('DELETE FROM release_signing_key');
    const instances = [instance(), instance(), instance()];
    const answers = await Promise.all(instances.map((on) => release('k', {}, { on })));
    expect(new Set(answers.map(({ certificate }) => certificate.fingerprint256)).size).toBe(1);
    const [{ certificate } = { certificate: undefined }] = answers;
    expect(certificate?.subject).toBe('CN=Coffer key release');
    expect(certificate?.verify(certificate.publicKey)).toBe(true);
    expect(certificate?.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
    expect((await release('k', {}, { on: instance() })).certificate.fingerprint256).toBe(certificate?.fingerprint256);
  });

  it('tells the audit record its decision, and nothing of the token', async () => {
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    const good = await outcomeOf('KeyRelease', { name: 'k' }, { target: await attested() });
    expect(good.audit.properties).toEqual({ algorithm: 'CKM_RSA_AES_KEY_WRAP', release: 'released' });
    expect(good.audit.id).toMatch(/\/keys\/k\/[0-9a-f]{32}$/);
    const target = await attested({ tee: { type: 'canary-claim' } });
    const bad = await outcomeOf('KeyRelease', { name: 'k' }, { target });
    expect(bad.audit.properties).toEqual({ algorithm: 'CKM_RSA_AES_KEY_WRAP', release: 'refused' });
    expect(bad).toMatchObject({
      error: {
        code: 'ReleaseRefused',
        message: 'Target environment attestation does not meet key release policy requirements.',
      },
    });
    const stored = await dump(setup.ports.database);
    expect(stored).not.toContain('canary-claim');
    expect(stored).not.toContain(target.split('.')[1]);
  });

  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const { n = '', e = '' } = environment.jwk;
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no list', { keys: environment.jwk }],
    ['an empty list', { keys: [] }],
    ['a weak key', { keys: [{ ...weak, use: 'enc' }] }],
    ['a key for signatures', { keys: [{ ...environment.jwk, key_ops: ['verify'] }] }],
    ['a key for signatures by its use', { keys: [{ ...environment.jwk, use: 'sig' }] }],
    ['a key for nothing', { keys: [{ kty: 'RSA', n, e }] }],
    ['a key that does not encrypt', { keys: [{ kty: 'RSA', n, e: 'AQ', use: 'enc' }] }],
    ['a key of another type', { keys: [{ kty: 'oct', k: 'AAAA', use: 'enc' }] }],
    ['no numbers', { keys: [{ kty: 'RSA', n: 1, e: null, use: 'enc' }, null, 'x', [1]] }],
  ])('is refused when the environment names %s', async (_what, runtime) => {
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    const target = await attested({ 'x-ms-runtime': runtime });
    await expect(call('KeyRelease', { name: 'k' }, { target })).rejects.toMatchObject({
      code: 'ReleaseRefused',
      message:
        'Target environment attestation names no RSA key of at least 2048 bits for encryption in x-ms-runtime.keys.',
    });
  });

  it('takes the first key that will do', async () => {
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    const keysOf = [
      { kty: 'EC', use: 'enc' },
      { ...environment.jwk, use: 'sig' },
      { kty: 'RSA', n, e, use: 'enc' },
    ];
    const target = await attested({ 'x-ms-runtime': { keys: keysOf } });
    const { value } = await call<{ value: string }>('KeyRelease', { name: 'k' }, { target });
    expect((await openReleased(value, environment.privateKey)).key).toHaveLength(32);
  });

  it('is refused to an authority that is configured but not in the policy', async () => {
    const policy = { data: policyFor('tee.type', 'sevsnpvm', 'https://attest.example') };
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }, policy));
    await expect(release('k')).rejects.toEqual(refused('ReleaseRefused'));
  });

  it('is refused by a policy with conditions that are not understood, which was taken before that was checked', async () => {
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    const rule = { authority: service.issuer, allOf: [{ claim: 'tee.type', equals: 'sevsnpvm' }], notBefore: 1 };
    const data = Buffer.from(JSON.stringify({ version: '1.0.0', anyOf: [rule] })).toString('base64url');
    // As it stands in the log and the projection of an installation that took it.
    const { database } = setup.ports;
    await database.query(
      `UPDATE events SET data = jsonb_set(data::jsonb, '{releasePolicy,data}', to_jsonb($2::text))::json
        WHERE vault_id = $1`,
      [vault.vaultId, data],
    );
    await database.query(
      `UPDATE key_versions SET release_policy = jsonb_set(release_policy, '{data}', to_jsonb($2::text))
        WHERE object_id IN (SELECT object_id FROM key_current WHERE vault_id = $1)`,
      [vault.vaultId, data],
    );
    await expect(release('k')).rejects.toMatchObject({
      code: 'ReleaseRefused',
      message: expect.stringMatching(
        /^The key cannot be released\. The key release policy is not valid: .* not known there\.$/,
      ) as string,
    });
    const another = { release_policy: { data: policyFor('tee.type', 'sevsnpvm') } };
    await call('KeyUpdate', { name: 'k' }, another, { on: instance() });
    await release('k');
  });

  it('is refused to a token that others signed', async () => {
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    const [header = '', payload = ''] = (await attested()).split('.');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signature = sign('sha256', Buffer.from(`${header}.${payload}`), privateKey).toString('base64url');
    const target = `${header}.${payload}.${signature}`;
    await expect(call('KeyRelease', { name: 'k' }, { target })).rejects.toEqual(refused('ReleaseRefused'));
  });

  it('is refused of keys that are not exportable, disabled, outside their time, deleted or missing', async () => {
    await call('KeyCreate', { name: 'plain' }, { kty: 'oct' });
    await expect(release('plain')).rejects.toEqual(refused('KeyOperationForbidden'));
    await expect(release('missing')).rejects.toEqual(refused('KeyNotFound'));
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    await release('k');
    const now = Math.floor(setup.time.now / 1000);
    for (const [attributes, code] of [
      [{ enabled: false }, 'KeyDisabled'],
      [{ enabled: true, nbf: now + 10 }, 'KeyNotYetValid'],
      [{ nbf: now - 10, exp: now }, 'KeyExpired'],
    ] as const) {
      await call('KeyUpdate', { name: 'k' }, { attributes });
      await expect(release('k')).rejects.toEqual(refused(code));
    }
    await call('KeyUpdate', { name: 'k' }, { attributes: { exp: now + 100 } });
    await release('k');
    await call('KeyDelete', { name: 'k' });
    await expect(release('k')).rejects.toEqual(refused('KeyNotFound'));
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no target', {}],
    ['an empty target', { target: '' }],
    ['a target that is no text', { target: {} }],
    ['a target that is too long', { target: 'x'.repeat(131_073) }],
    ['another algorithm', { target: 'a.b.c', enc: 'RSA-OAEP' }],
    ['a nonce that is no text', { target: 'a.b.c', nonce: 1 }],
    ['a long nonce', { target: 'a.b.c', nonce: 'x'.repeat(1025) }],
  ])('is a bad request with %s', async (_what, body) => {
    await expect(call('KeyRelease', { name: 'k' }, body)).rejects.toEqual(refused('BadParameter'));
  });
});

describe('a release policy', () => {
  it('is shown from 7.3 on, and left out before', async () => {
    const data = policyFor('tee.type', 'sevsnpvm');
    await call(
      'KeyCreate',
      { name: 'k' },
      exportable({ kty: 'oct' }, { data: `${data}${'='.repeat((4 - (data.length % 4)) % 4)}` }),
    );
    const shown = { contentType: 'application/json; charset=utf-8', data, immutable: false };
    const get = (apiVersion: string) => call('KeyGet', { name: 'k' }, undefined, { apiVersion });
    for (const apiVersion of ['7.3-preview', '7.3', '7.6', '2025-07-01']) {
      const bundle = await get(apiVersion);
      expect(bundle.release_policy).toEqual(shown);
      expect(bundle.attributes['exportable']).toBe(true);
    }
    for (const apiVersion of ['2016-10-01', '7.0', '7.2']) {
      const bundle = await get(apiVersion);
      expect(bundle).not.toHaveProperty('release_policy');
      expect(bundle.attributes).not.toHaveProperty('exportable');
    }
    await call('KeyDelete', { name: 'k' });
    expect((await call('KeyGetDeleted', { name: 'k' })).release_policy).toEqual(shown);
  });

  it('decides as of its last change, until it is immutable', async () => {
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    await release('k');
    const other = { data: policyFor('tee.type', 'tdxvm') };
    expect((await call('KeyUpdate', { name: 'k' }, { release_policy: other })).release_policy).toMatchObject(other);
    await expect(release('k')).rejects.toEqual(refused('ReleaseRefused'));
    const back = { data: policyFor('tee.type', 'sevsnpvm'), immutable: true };
    await call('KeyUpdate', { name: 'k' }, { release_policy: back });
    await release('k');
    await expect(call('KeyUpdate', { name: 'k' }, { release_policy: other })).rejects.toMatchObject({
      message: 'AKV.SKR.1020: Immutable Key Release Policy cannot be modified.',
    });
    await release('k');
  });

  it('holds for what rotation makes, too', async () => {
    const first = await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    const rotated = await call('KeyRotate', { name: 'k' });
    expect(versionOf(rotated)).not.toBe(versionOf(first));
    expect(rotated.release_policy).toEqual(first.release_policy);
    expect((await release('k')).payload.request['kid']).toBe(rotated.key.kid);
  });

  it('goes with a backup, and a rebuild brings the same rows', async () => {
    const made = await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    const fixed = { data: policyFor('tee.type', 'tdxvm'), immutable: true };
    await call('KeyUpdate', { name: 'k' }, { release_policy: fixed });
    const { value } = await call<{ value: string }>('KeyBackup', { name: 'k' });
    const other = testVault();
    const restored = await call('KeyRestore', {}, { value }, { vault: other });
    expect(versionOf(restored)).toBe(versionOf(made));
    expect(restored.release_policy).toMatchObject(fixed);
    expect(restored.attributes['exportable']).toBe(true);
    const thaw = { release_policy: { immutable: false } };
    await expect(call('KeyUpdate', { name: 'k' }, thaw, { vault: other })).rejects.toEqual(refused('BadParameter'));
    await expect(release('k', {}, { vault: other })).rejects.toEqual(refused('ReleaseRefused'));
    const { database } = setup.ports;
    const before = await rowsOf(database, 'key_versions');
    for (const projection of keyProjections) await rebuildProjection(database, projection);
    expect(await rowsOf(database, 'key_versions')).toEqual(before);
  });
});

describe('the key that signs releases', () => {
  const DAY_MS = 86_400_000;
  const stored = 'SELECT generation, sealed_private IS NULL AS destroyed FROM release_signing_key ORDER BY generation';
  const database = () => setup.ports.database;
  const count = async () => (await database().query(stored)).rows.length;
  const published = async () =>
    (await releaseCertificates(database(), Math.floor(setup.time.now / 1000))).map(
      ({ certificate }) => new X509Certificate(certificate).fingerprint256,
    );
  const signer = async (on = keys) => (await release('k', {}, { on })).certificate.fingerprint256;
  const pass = (days: number) => {
    setup.time.now += days * DAY_MS;
  };

  let began: number;
  let first: string;
  beforeEach(async () => {
    began = setup.time.now;
    await database().query('DELETE FROM release_signing_key');
    keys = instance();
    await call('KeyCreate', { name: 'k' }, exportable({ kty: 'oct' }));
    first = await signer();
  });
  afterEach(() => {
    setup.time.now = began;
  });

  it('gives way after a year to the next one, published a month before; once, however many instances there are', async () => {
    const instances = [keys, instance(), instance()];
    const everywhere = () => Promise.all(instances.map(({ releaseKeys }) => releaseKeys.runDue()));
    pass(334);
    await everywhere();
    expect(await count()).toBe(1);

    pass(2);
    await everywhere();
    await everywhere();
    const [now, next = '', ...more] = await published();
    expect([now, more]).toEqual([first, []]);
    expect(await signer()).toBe(first);

    pass(29);
    expect(await signer()).toBe(first);
    pass(1);
    expect(await Promise.all(instances.map(signer))).toEqual([next, next, next]);
    expect(await published()).toEqual([next, first]);

    await everywhere();
    const { rows: fresh } = await database().query(stored);
    expect(fresh).toEqual([
      { generation: 1, destroyed: false },
      { generation: 2, destroyed: false },
    ]);
    setup.time.now += 3_600_000;
    await everywhere();
    const { rows } = await database().query(stored);
    expect(rows).toEqual([
      { generation: 1, destroyed: true },
      { generation: 2, destroyed: false },
    ]);
    expect(await signer()).toBe(next);
    expect(await published()).toEqual([next, first]);
  });

  it('signs longer when nobody was there to make the next one: that is published for a month all the same', async () => {
    pass(800);
    await keys.releaseKeys.runDue();
    expect(await signer()).toBe(first);
    pass(29);
    expect(await signer()).toBe(first);
    pass(1);
    expect(await signer()).toBe((await published())[0]);
    expect((await published())[1]).toBe(first);
  });

  it('is replaced when the operator says so, by all processes, and what waits for its time is what takes over', async () => {
    const [operator, other] = [instance().releaseKeys, instance().releaseKeys];
    expect(await Promise.all([operator.rotate(5 * 86_400), other.rotate(5 * 86_400)])).toEqual([true, true]);
    expect(await count()).toBe(2);
    const next = (await published())[1];
    expect(await signer()).toBe(first);
    await operator.rotate(40 * 86_400); // never later than was said
    await operator.rotate(0);
    expect(await count()).toBe(2);
    expect(await signer()).toBe(next);
    expect(await published()).toEqual([next, first]);
  });

  it('still signs under a clock that is set back', async () => {
    await keys.releaseKeys.rotate(0);
    const next = await signer();
    setup.time.now += 3_600_000;
    await keys.releaseKeys.runDue();
    pass(-10);
    expect(await signer()).toBe(next);
    await keys.releaseKeys.runDue();
    expect(await signer()).toBe(next);
  });

  it('is not made before the first release, neither by time nor by the operator', async () => {
    await database().query('DELETE FROM release_signing_key');
    await keys.releaseKeys.runDue();
    expect(await keys.releaseKeys.rotate(0)).toBe(false);
    expect(await count()).toBe(0);
  });

  it('of an installation from before keys were rotated stays in use', async () => {
    const columns = 'certificate, term, wrapped_dek, sealed_private';
    const { rows } = await database().query(`SELECT ${columns} FROM release_signing_key`);
    const sql = (name: string) => readFileSync(new URL(name, keysMigrations.directory), 'utf8');
    await database().query('DROP TABLE release_signing_key');
    await database().query(/CREATE TABLE release_signing_key[^;]*;/.exec(sql('0004-release.sql'))?.[0] ?? '');
    const insert = `INSERT INTO release_signing_key (${columns}) VALUES ($1, $2, $3, $4)`;
    await database().query(insert, Object.values(rows[0] ?? {}));
    await database().query(sql('0007-release-key-rotation.sql'));

    expect(await signer(instance())).toBe(first);
    expect(await published()).toEqual([first]);
  });
});
