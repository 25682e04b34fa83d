import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { SecretClient } from '@azure/keyvault-secrets';
import { dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { Conformance, credential } from '../support/sdk.js';

let coffer: RunningCoffer;
let conformance: Conformance;
let client: KeyVaultManagementClient;

beforeAll(async () => {
  coffer = await startCoffer();
  conformance = new Conformance('arm', '2026-02-01');
  client = new KeyVaultManagementClient(credential(coffer), dev.subscriptionId, {
    endpoint: coffer.managementUrl,
    tlsOptions: { ca: coffer.ca },
    ...conformance.options,
  });
});
afterAll(async () => {
  await coffer.dispose();
  expect(conformance.violations).toEqual([]);
});

const place = { tenantId: dev.tenantId, sku: { family: 'A', name: 'standard' } } as const;
const group = dev.resourceGroup;

describe('the official management client', () => {
  it('creates, reads, updates, lists and deletes a vault', async () => {
    const made = await client.vaults.createOrUpdate(group, 'arm-one', {
      location: 'local',
      tags: { env: 'test' },
      properties: { ...place, enableRbacAuthorization: false, softDeleteRetentionInDays: 7, accessPolicies: [] },
    });
    expect(made.properties.vaultUri).toBe(`${coffer.vaultUrl('arm-one')}/`);
    expect(made.properties.provisioningState).toBe('Succeeded');
    const read = await client.vaults.get(group, 'ARM-ONE');
    expect(read.id).toBe(made.id);
    const patched = await client.vaults.update(group, 'arm-one', { tags: { env: 'prod' } });
    expect(patched.tags).toEqual({ env: 'prod' });

    const inGroup: (string | undefined)[] = [];
    for await (const vault of client.vaults.listByResourceGroup(group)) inGroup.push(vault.name);
    const inSubscription: (string | undefined)[] = [];
    for await (const vault of client.vaults.listBySubscription()) inSubscription.push(vault.name);
    expect(inGroup).toEqual(expect.arrayContaining(['arm-one', dev.vaultName]));
    expect(inSubscription.sort()).toEqual(inGroup.sort());

    await client.vaults.delete(group, 'arm-one');
    await expect(client.vaults.get(group, 'arm-one')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceNotFound',
    });
    const deleted = await client.vaults.getDeleted('arm-one', 'local');
    expect(deleted.properties?.vaultId).toBe(made.id);
  });

  it('says whether a name is free', async () => {
    const type = 'Microsoft.KeyVault/vaults' as const;
    expect(await client.vaults.checkNameAvailability({ name: 'surely-free', type })).toMatchObject({
      nameAvailable: true,
    });
    expect(await client.vaults.checkNameAvailability({ name: dev.vaultName.toUpperCase(), type })).toMatchObject({
      nameAvailable: false,
      reason: 'AlreadyExists',
    });
  });

  it('grants and revokes by access policy, from the next request on', async () => {
    await client.vaults.createOrUpdate(group, 'arm-policies', {
      location: 'local',
      properties: { ...place, enableRbacAuthorization: false, accessPolicies: [] },
    });
    const secrets = new SecretClient(coffer.vaultUrl('arm-policies'), credential(coffer), {
      tlsOptions: { ca: coffer.ca },
    });
    await expect(secrets.setSecret('a', '1')).rejects.toMatchObject({ statusCode: 403, code: 'Forbidden' });

    const accessPolicies = [
      { tenantId: dev.tenantId, objectId: dev.objectId, permissions: { secrets: ['set', 'get'] } },
    ];
    await client.vaults.updateAccessPolicy(group, 'arm-policies', 'add', { properties: { accessPolicies } });
    expect((await secrets.setSecret('a', '1')).value).toBe('1');

    await client.vaults.updateAccessPolicy(group, 'arm-policies', 'remove', { properties: { accessPolicies } });
    await expect(secrets.getSecret('a')).rejects.toMatchObject({ statusCode: 403 });
  });
});
