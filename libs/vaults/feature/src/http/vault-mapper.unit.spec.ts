import type { VaultRow } from '../postgres/vault-row.js';
import { toVault } from './vault-mapper.js';

const row: VaultRow = {
  vault_id: 'id',
  name: 'V-1',
  name_key: 'v-1',
  subscription_id: 's',
  resource_group: 'g',
  location: 'local',
  settings: {
    tenantId: 't',
    sku: 'premium',
    enableSoftDelete: true,
    softDeleteRetentionInDays: 7,
    enablePurgeProtection: true,
    enableRbacAuthorization: true,
    enabledForDiskEncryption: false,
    networkAcls: { defaultAction: 'Deny' },
    publicNetworkAccess: 'Disabled',
  },
  access_policies: [],
  tags: {},
  revision: 1,
  deleted_at: null,
  scheduled_purge_at: null,
  created_at: new Date(0),
  created_by: 'a',
  modified_at: new Date(1),
  modified_by: 'b',
};
const vaultUrl = (name: string) => `https://${name.toLowerCase()}.vault.localhost:8443`;
const membersIn = (apiVersion: string, of: VaultRow = row) => {
  const { properties, ...vault } = toVault(of, { apiVersion, vaultUrl }) as { properties: object };
  return [...Object.keys(vault), ...Object.keys(properties)];
};

describe('a vault on the wire', () => {
  const always = ['id', 'sku', 'tenantId', 'accessPolicies', 'enabledForDeployment', 'vaultUri'];

  it.each([
    ['2016-10-01', ['enablePurgeProtection'], ['networkAcls', 'enableRbacAuthorization', 'systemData']],
    ['2018-02-14-preview', ['networkAcls'], ['softDeleteRetentionInDays', 'provisioningState']],
    ['2019-09-01', ['softDeleteRetentionInDays', 'provisioningState'], ['publicNetworkAccess', 'systemData']],
    ['2021-10-01', ['publicNetworkAccess', 'systemData'], []],
    ['2026-02-01', ['publicNetworkAccess', 'systemData'], []],
  ])('has in %s %j and not %j', (apiVersion, present, absent) => {
    const members = membersIn(apiVersion);
    expect(members).toEqual(expect.arrayContaining([...always, ...present]));
    for (const member of absent) expect(members).not.toContain(member);
  });

  it('leaves out what is not set', () => {
    const { tenantId, sku } = row.settings;
    const settings = {
      tenantId,
      sku,
      enableSoftDelete: false,
      softDeleteRetentionInDays: 90,
      enablePurgeProtection: false,
      enableRbacAuthorization: false,
    };
    const members = membersIn('2026-02-01', { ...row, settings });
    const unset = ['enablePurgeProtection', 'softDeleteRetentionInDays', 'networkAcls', 'enabledForDiskEncryption'];
    for (const member of unset) expect(members).not.toContain(member);
    const vault = toVault({ ...row, settings }, { apiVersion: '2026-02-01', vaultUrl });
    expect(JSON.stringify(vault)).not.toContain('null');
  });
});
