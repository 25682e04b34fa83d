import type { AuditRecord } from '@coffer/wire';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';
import { filterTerms, MAX_TERM, recordTerms, termReader, type RecordFilter } from './record-filter.js';
import { checkRecord } from './validate-record.js';

describe('an audit record on the feed', () => {
  it('is valid with all members of an AuditEvent, and gets its canonical form', () => {
    const record = aRecord();

    expect(checkRecord(record)).toEqual({ valid: true, record, canonical: canonicalJson(record) });
  });

  it('keeps members that this version does not know', () => {
    const record = { ...aRecord(), tlsVersion: 'TLS1_3' };

    expect(checkRecord(record)).toMatchObject({
      valid: true,
      canonical: expect.stringContaining('"TLS1_3"') as string,
    });
  });

  it('may be of an operation outside a vault', () => {
    expect(checkRecord(aRecord({ vaultId: undefined, resourceId: '' })).valid).toBe(true);
  });

  it.each(Object.keys(aRecord()).filter((member) => member !== 'vaultId'))('is not valid without %s', (member) => {
    const check = checkRecord({ ...aRecord(), [member]: undefined });

    expect(check).toEqual({ valid: false, reason: `member ${member} is missing or not valid` });
  });

  it.each([
    ['recordId', 'with blank'],
    ['recordId', ''],
    ['vaultId', 7],
    ['time', 'yesterday'],
    ['time', '2026-13-01T00:00:00Z'],
    ['time', '2026-01-01T00:00:00+02:00'],
    ['resultType', 'success'],
    ['durationMs', 12],
    ['decision', 'maybe'],
    ['identity', { claim: { appid: 7 } }],
    ['properties', { ...aRecord().properties, httpStatusCode: '200' }],
    ['properties', { ...aRecord().properties, httpStatusCode: 1000 }],
    ['properties', { ...aRecord().properties, id: null }],
  ])('is not valid with %s = %j, and the reason does not show the value', (member, value) => {
    expect(checkRecord({ ...aRecord(), [member]: value })).toEqual({
      valid: false,
      reason: `member ${member} is missing or not valid`,
    });
  });

  it.each([
    ['a lone surrogate', '\ud800'],
    ['a value that JSON cannot hold', 1n],
    ['endless depth', nested(100_000)],
  ])('is not valid with %s, which has no canonical form', (_name, value) => {
    const properties = { ...aRecord().properties, algorithm: value };
    expect(checkRecord(aRecord({ properties })).valid).toBe(false);
  });

  it('answers for whatever arrives', () => {
    fc.assert(
      fc.property(fc.anything(), (body) => {
        expect(checkRecord(body).valid).toBe(false);
      }),
    );
  });
});

function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let i = 0; i < depth; i += 1) value = [value];
  return value;
}

const SECRET = 'https://Pay-1.vault.localhost:8443/secrets/Db-Pass/0123456789abcdef0123456789abcdef';

describe('a filter over audit records', () => {
  const record = aRecord({ properties: { ...aRecord().properties, id: SECRET } });

  it.each<[string, RecordFilter]>([
    ['the vault by name', { vault: 'pay-1' }],
    ['the vault by name in another case', { vault: 'PAY-1' }],
    ['the vault by id', { vault: 'b1946ac9-2492-4d23-a3c5-0b4b8a1f7e10' }],
    ['the object by name', { object: 'db-pass' }],
    ['the object by URI', { object: SECRET.toLowerCase() }],
    ['the object by URI without version', { object: 'https://pay-1.vault.localhost:8443/secrets/db-pass' }],
    ['the collection', { object: 'https://pay-1.vault.localhost:8443/secrets/' }],
    ['the URI of the vault', { object: 'https://pay-1.vault.localhost:8443/' }],
    ['the object id of the caller', { principal: '6F8D4A1E-0000-4000-8000-000000000001' }],
    ['the application id of the caller', { principal: '6f8d4a1e-0000-4000-8000-000000000002' }],
    ['the operation', { operation: 'SecretGet' }],
    ['the result', { result: 'Success' }],
    ['the status', { status: 200 }],
    ['all of them', { vault: 'pay-1', object: 'db-pass', operation: 'secretget', result: 'Success', status: 200 }],
    ['nothing', {}],
  ])('lets a record pass that has %s', (_name, filter) => {
    expect(passes(record, filter)).toBe(true);
  });

  it.each<[string, RecordFilter]>([
    ['another vault', { vault: 'pay-2' }],
    ['a part of an object name', { object: 'db' }],
    ['a URI that is cut inside a name', { object: 'https://pay-1.vault.localhost:8443/secrets/db' }],
    ['the same path on another host', { object: SECRET.replace('Pay-1', 'pay-2') }],
    ['a version alone', { object: '0123456789abcdef0123456789abcdef' }],
    ['a vault name as principal', { principal: 'pay-1' }],
    ['another status', { status: 403 }],
    ['one that fits and one that does not', { vault: 'pay-1', result: 'Failure' }],
    ['an empty value', { object: '/' }],
    ['a value longer than any term', { principal: 'x'.repeat(MAX_TERM + 1) }],
  ])('holds a record back that is asked for by %s', (_name, filter) => {
    expect(passes(record, filter)).toBe(false);
  });

  it('finds an ARM request by the vault, its resource group and its subscription', () => {
    const id = '/subscriptions/S1/resourceGroups/G1/providers/Microsoft.KeyVault/vaults/Pay-1';
    const arm = aRecord({ properties: { ...aRecord().properties, id } });

    for (const object of ['pay-1', id, '/subscriptions/s1/resourcegroups/g1', '/SUBSCRIPTIONS/S1/']) {
      expect(passes(arm, { object })).toBe(true);
    }
    expect(passes(arm, { object: '/subscriptions/s1/resourcegroups/g' })).toBe(false);
  });

  it('finds an object with an overlong URI by what stands above it, and keeps every term short', () => {
    const id = `https://pay-1.vault.localhost/keys/${'k'.repeat(5000)}/${'/'.repeat(20_000)}x`;
    const long = aRecord({ properties: { ...aRecord().properties, id } });

    expect(passes(long, { object: 'https://pay-1.vault.localhost/keys' })).toBe(true);
    expect(Math.max(...recordTerms(long).map((term) => term.length))).toBeLessThanOrEqual(MAX_TERM + 2);
  });

  it('never puts NUL into a term, which PostgreSQL cannot hold, and finds the record nevertheless', () => {
    const odd = aRecord({ properties: { ...aRecord().properties, id: 'https://v/keys/a\0b' } });

    expect(recordTerms(odd).join('')).not.toContain('\0');
    expect(passes(odd, { object: 'a\0b' })).toBe(true);
  });
});

/** One for all records here, which differ in little: it must not take one for another. */
const termsOf = termReader();

function passes(record: AuditRecord, filter: RecordFilter): boolean {
  const terms = termsOf(record);
  expect(terms).toEqual(recordTerms(record));
  return filterTerms(filter).every((term) => terms.includes(term));
}

function aRecord(changes: Record<string, unknown> = {}): AuditRecord {
  const record: AuditRecord = {
    recordId: '0d5a6f0c-53a2-4d0a-9f7e-6a6f0c53a24d',
    time: '2026-03-01T12:00:00.123Z',
    category: 'AuditEvent',
    resourceId: '/SUBSCRIPTIONS/S1/RESOURCEGROUPS/G1/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/PAY-1',
    vaultId: 'b1946ac9-2492-4d23-a3c5-0b4b8a1f7e10',
    operationName: 'SecretGet',
    operationVersion: '7.4',
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: '',
    durationMs: '3',
    callerIpAddress: '127.0.0.1',
    correlationId: '5f0c7d6e-1c57-4b3a-8e0d-9d3a1f2b4c5d',
    identity: {
      claim: {
        'http://schemas.microsoft.com/identity/claims/objectidentifier': '6f8d4a1e-0000-4000-8000-000000000001',
        appid: '6f8d4a1e-0000-4000-8000-000000000002',
      },
    },
    properties: {
      clientInfo: 'azsdk-js-keyvault-secrets/4.11.2',
      requestUri: 'https://pay-1.vault.localhost:8443/secrets/db-pass?api-version=7.4',
      id: 'https://pay-1.vault.localhost:8443/secrets/db-pass',
      httpStatusCode: 200,
    },
    service: 'vault-management',
    region: 'local',
    decision: 'allow',
    policyRevision: '4',
    decisionReason: 'AccessPolicy',
  };
  return { ...record, ...changes };
}
