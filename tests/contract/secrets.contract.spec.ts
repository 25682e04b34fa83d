import { SecretClient } from '@azure/keyvault-secrets';
import { startCoffer, type RunningCoffer } from '../support/coffer.js';
import { Conformance, credential } from '../support/sdk.js';

let coffer: RunningCoffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.dispose());

const versions = ['7.4', '7.5', '7.6'] as const;

describe.each(versions)('the official secrets client, api-version %s', (serviceVersion) => {
  const name = `secret-${serviceVersion.replace('.', '-')}`;
  let conformance: Conformance;
  let client: SecretClient;

  beforeAll(() => {
    conformance = new Conformance('data', serviceVersion);
    client = new SecretClient(coffer.vaultUrl(), credential(coffer), {
      serviceVersion,
      tlsOptions: { ca: coffer.ca },
      ...conformance.options,
    });
  });
  afterAll(() => {
    expect(conformance.violations).toEqual([]);
    expect(conformance.checked.length).toBeGreaterThan(10);
  });

  it('sets a secret and reads it back, latest and by version', async () => {
    const expiresOn = new Date(1_900_000_000_000);
    const set = await client.setSecret(name, 'first value', {
      contentType: 'text/plain',
      tags: { team: 'a' },
      expiresOn,
    });
    expect(set.properties.id).toBe(`${coffer.vaultUrl()}/secrets/${name}/${set.properties.version ?? ''}`);

    const latest = await client.getSecret(name);
    expect(latest.value).toBe('first value');
    expect(latest.properties).toMatchObject({
      contentType: 'text/plain',
      tags: { team: 'a' },
      expiresOn,
      enabled: true,
    });

    const second = await client.setSecret(name, 'second value');
    expect((await client.getSecret(name)).value).toBe('second value');
    const old = await client.getSecret(name, { version: set.properties.version ?? '' });
    expect(old.value).toBe('first value');
    expect(second.properties.version).not.toBe(set.properties.version);
  });

  it('updates properties without touching the value', async () => {
    const { properties } = await client.getSecret(name);
    const updated = await client.updateSecretProperties(name, properties.version ?? '', {
      contentType: 'application/json',
      tags: { team: 'b' },
    });
    expect(updated).toMatchObject({ contentType: 'application/json', tags: { team: 'b' } });
    expect((await client.getSecret(name)).value).toBe('second value');
  });

  it('refuses to read a disabled secret with the words that the clients know', async () => {
    const { properties } = await client.setSecret(`${name}-disabled`, 'x', { enabled: false });
    expect(properties.enabled).toBe(false);
    await expect(client.getSecret(`${name}-disabled`)).rejects.toMatchObject({
      statusCode: 403,
      code: 'Forbidden',
      message: 'Operation get is not allowed on a disabled secret.',
    });
  });

  it('lists secrets and versions, page by page', async () => {
    for (let i = 0; i < 5; i += 1) await client.setSecret(`${name}-page-${i}`, String(i));
    const names: string[] = [];
    for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 2 })) {
      expect(page.length).toBeLessThanOrEqual(2);
      names.push(...page.map((properties) => properties.name));
    }
    expect(names.filter((n) => n.startsWith(`${name}-page-`))).toHaveLength(5);
    expect(new Set(names).size).toBe(names.length);

    const listed: string[] = [];
    for await (const properties of client.listPropertiesOfSecretVersions(name)) listed.push(properties.version ?? '');
    expect(listed).toHaveLength(2);
    for await (const properties of client.listPropertiesOfSecretVersions('never-made'))
      throw new Error(properties.name);
  });

  it('deletes, recovers and purges', async () => {
    const target = `${name}-bin`;
    await client.setSecret(target, 'kept');
    const deleted = await (await client.beginDeleteSecret(target, { intervalInMs: 50 })).pollUntilDone();
    expect(deleted.recoveryId).toBe(`${coffer.vaultUrl()}/deletedsecrets/${target}`);
    await expect(client.getSecret(target)).rejects.toMatchObject({ statusCode: 404, code: 'SecretNotFound' });
    await expect(client.setSecret(target, 'again')).rejects.toMatchObject({ statusCode: 409 });

    await (await client.beginRecoverDeletedSecret(target, { intervalInMs: 50 })).pollUntilDone();
    expect((await client.getSecret(target)).value).toBe('kept');

    await (await client.beginDeleteSecret(target, { intervalInMs: 50 })).pollUntilDone();
    const found: string[] = [];
    for await (const secret of client.listDeletedSecrets()) found.push(secret.name);
    expect(found).toContain(target);
    await client.purgeDeletedSecret(target);
    await expect(client.getDeletedSecret(target)).rejects.toMatchObject({ statusCode: 404, code: 'SecretNotFound' });
    expect((await client.setSecret(target, 'a new life')).value).toBe('a new life');
  });
});
