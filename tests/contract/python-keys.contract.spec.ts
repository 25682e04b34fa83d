import { createPrivateKey, createPublicKey } from 'node:crypto';
import { attestedEnvironment, startAttestationService, type AttestationService } from '../support/attestation.js';
import { dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { claimedVersions, Exercise } from '../support/compatibility.js';
import { openApiValidator } from '../support/openapi.js';
import { openReleased } from '../support/open-released.js';
import { pythonCases, runPythonCases, type CaseResult } from '../support/python.js';
import { clientsPinned } from '../../tools/compatibility/results.mjs';

describe.each([
  { kind: 'sync', client: 'python', what: 'the official Python client' },
  { kind: 'async', client: 'pythonAsync', what: 'the official Python client, asynchronous' },
] as const)('$what', ({ kind, client }) => {
  const found = pythonCases(kind);
  const versions = 'cases' in found ? Object.entries(found.cases) : [];

  if ('reason' in found) {
    it.skip(`passes every operation: ${found.reason}`, () => undefined);
  } else {
    let coffer: RunningCoffer;
    let authority: AttestationService;
    const environment = attestedEnvironment();

    beforeAll(async () => {
      authority = await startAttestationService();
      coffer = await startCoffer({ env: { COFFER_ATTESTATION_AUTHORITIES: authority.issuer } });
    });
    afterAll(async () => {
      await coffer.dispose();
      await authority.close();
    });

    async function settings(): Promise<Record<string, string>> {
      const equals = [{ claim: 'python-test', equals: 'true' }];
      return {
        VAULT_URL: coffer.vaultUrl(),
        LOGIN_URL: coffer.loginUrl,
        CA_FILE: coffer.caFile,
        TENANT_ID: dev.tenantId,
        CLIENT_ID: dev.clientId,
        CLIENT_SECRET: dev.clientSecret,
        RELEASE_POLICY: JSON.stringify({ version: '1.0.0', anyOf: [{ authority: authority.issuer, allOf: equals }] }),
        ATTESTATION_TOKEN: await authority.token({ ...environment.runtime, 'python-test': true }),
      };
    }

    /** Both halves of what was released fit together, and to the key that was created. */
    async function expectReleased({ values, n }: { values: string[]; n: string }, version: string): Promise<void> {
      expect(values).toHaveLength(4);
      for (const value of values) {
        const { key, payload } = await openReleased(value, environment.privateKey);
        const jwk = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
        expect(Buffer.from(jwk.n ?? '', 'base64url').toString('hex')).toBe(n);
        expect(payload.request['api-version']).toBe(version);
      }
    }

    it('is the one that is pinned', () => {
      expect(found.client).toBe(clientsPinned()[client]?.client);
    });

    it('runs every api-version that docs/compatibility.md claims of it', () => {
      expect(claimedVersions(client, import.meta.url)).toEqual(versions.map(([version]) => version).sort());
    });

    describe.each(versions)('api-version %s', (version, cases) => {
      let results: ReadonlyMap<string, CaseResult>;
      const { validate } = openApiValidator('data', version);
      const exercise = new Exercise(client, version, import.meta.url);

      beforeAll(async () => {
        results = await runPythonCases(kind, version, await settings());
      });
      afterAll(() => {
        expect(exercise.unproven()).toEqual([]);
      });

      it.each(cases)('passes: %s', async (name) => {
        const result = results.get(name);
        expect(result?.error).toBeNull();
        const { exchanges = [], data } = result ?? {};
        expect(exchanges.length).toBeGreaterThan(0);
        for (const { method, path, status, body } of exchanges) {
          const parsed: unknown = body === null ? undefined : JSON.parse(body);
          expect([method, path, validate(method, path, status, parsed)]).toEqual([method, path, []]);
        }
        if (name === 'release') await expectReleased(data as { values: string[]; n: string }, version);
        for (const { method, path, status } of exchanges) exercise.saw(method, path, status);
      });
    });
  }
});
