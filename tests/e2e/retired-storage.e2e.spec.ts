import { storageOperations } from '@coffer/wire';
import { armVault, dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { ask, tokenFor, vaultResource, type WireError } from '../support/https.js';

let coffer: RunningCoffer;
let token: string;
beforeAll(async () => {
  coffer = await startCoffer();
  token = await tokenFor(coffer, vaultResource(coffer));
});
afterAll(() => coffer.dispose());

const routes = Object.values(storageOperations).map(({ method, paths }) => [method, paths[0] ?? ''] as const);

async function call(method: string, path: string, apiVersion = '7.4') {
  const url = `${coffer.vaultUrl()}${path.replace(/:\w+/g, 'x1')}?api-version=${apiVersion}`;
  const body = method === 'GET' || method === 'DELETE' ? undefined : { resourceId: 'x' };
  const answer = await ask(coffer, url, { method, token, body });
  return { status: answer.status, ...answer.json<WireError>().error };
}

it('says to everybody else that he may not', async () => {
  const { status, innererror } = await call('GET', '/storage');
  expect([status, innererror?.code]).toEqual([403, 'AccessDenied']);
});

describe('for who may', () => {
  beforeAll(async () => {
    const permissions = [
      'get',
      'list',
      'delete',
      'set',
      'update',
      'regeneratekey',
      'recover',
      'backup',
      'restore',
      'purge',
    ];
    const sas = ['getsas', 'listsas', 'deletesas', 'setsas'];
    const vault = armVault(coffer, dev.vaultName);
    const answer = await ask(coffer, `${vault}/accessPolicies/add?api-version=2023-07-01`, {
      method: 'PUT',
      token: await tokenFor(coffer, coffer.managementUrl),
      body: {
        properties: {
          accessPolicies: [
            { tenantId: dev.tenantId, objectId: dev.objectId, permissions: { storage: [...permissions, ...sas] } },
          ],
        },
      },
    });
    expect(answer.status).toBe(200);
  });

  it.each(routes)('%s %s says that managed storage accounts are no more', async (method, path) => {
    const { status, code, message, innererror } = await call(method, path);
    expect([status, code, innererror?.code]).toEqual([403, 'Forbidden', 'FeatureRetired']);
    expect(message).toContain('retired');
  });

  it('says so in the oldest version, too', async () => {
    expect((await call('GET', '/storage', '2016-10-01')).status).toBe(403);
  });
});
