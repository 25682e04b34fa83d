import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ClientSecretCredential } from '@azure/identity';
import { decodeJwt } from 'jose';
import { dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { ask } from '../support/https.js';

const run = promisify(execFile);
const names = fileURLToPath(new URL('../../libs/composition/resolver/localhost-names.cjs', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

let coffer: RunningCoffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.dispose());

const resource = () => `https://vault.localhost:${coffer.port}`;
const scope = () => `${resource()}/.default`;
const options = () => ({ authorityHost: coffer.loginUrl, tlsOptions: { ca: coffer.ca } });

function expectOurs(token: string, issuer: string): void {
  expect(decodeJwt(token)).toMatchObject({
    iss: `${coffer.loginUrl}${issuer}`,
    aud: resource(),
    tid: dev.tenantId,
    oid: dev.objectId,
    sub: dev.objectId,
    appid: dev.clientId,
  });
}

/** The token that a credential gets in a process of its own, which knows nothing but its environment. */
async function tokenByEnvironment(credential: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const script = `
    import { ${credential} } from '@azure/identity';
    const { token, expiresOnTimestamp } = await new ${credential}().getToken(${JSON.stringify(scope())});
    if (!(expiresOnTimestamp > Date.now())) throw new Error('the token counts as expired');
    process.stdout.write(token);`;
  const args = ['--require', names, '--input-type=module', '--eval', script];
  const env = { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: coffer.caFile, ...environment };
  const { stdout } = await run(process.execPath, args, { cwd: root, env, timeout: 200_000 });
  return stdout;
}

describe('the official identity client', () => {
  it('signs in under the adfs authority', async () => {
    for (const authorityHost of [coffer.loginUrl, `${coffer.loginUrl}/`, `${coffer.loginUrl}/adfs`]) {
      const client = new ClientSecretCredential('adfs', dev.clientId, dev.clientSecret, {
        ...options(),
        authorityHost,
      });
      expectOurs((await client.getToken(scope())).token, '/adfs');
    }
  });

  it('signs in under the tenant, without instance discovery', async () => {
    const settings = { ...options(), disableInstanceDiscovery: true };
    const client = new ClientSecretCredential(dev.tenantId, dev.clientId, dev.clientSecret, settings);
    expectOurs((await client.getToken(scope())).token, `/${dev.tenantId}/v2.0`);
  });

  it('signs in for continuous access evaluation, and with claims', async () => {
    const client = new ClientSecretCredential('adfs', dev.clientId, dev.clientSecret, options());
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    expectOurs((await client.getToken(scope(), { enableCae: true, claims })).token, '/adfs');
  });

  it.each([
    ['a wrong secret', dev.clientId, 'wrong', 7000215],
    ['an unknown client', '00000000-0000-4000-8000-00000000ffff', dev.clientSecret, 700016],
  ])('is told the number of the error for %s', async (_, clientId, secret, code) => {
    const client = new ClientSecretCredential('adfs', clientId, secret, options());
    await expect(client.getToken(scope())).rejects.toThrow(String(code));
  });

  it('is told that there is no such resource', async () => {
    const client = new ClientSecretCredential('adfs', dev.clientId, dev.clientSecret, options());
    await expect(client.getToken('https://other.example/.default')).rejects.toThrow('500011');
  });

  it('finds its client secret in the environment alone', async () => {
    const token = await tokenByEnvironment('DefaultAzureCredential', {
      AZURE_AUTHORITY_HOST: coffer.loginUrl,
      AZURE_TENANT_ID: 'adfs',
      AZURE_CLIENT_ID: dev.clientId,
      AZURE_CLIENT_SECRET: dev.clientSecret,
    });
    expectOurs(token, '/adfs');
  });

  it.each(['ManagedIdentityCredential', 'DefaultAzureCredential'])(
    'finds the managed identity of its container as %s, and takes its token for alive',
    async (credential) => {
      const token = await tokenByEnvironment(credential, {
        IDENTITY_ENDPOINT: `${coffer.loginUrl}/msi/token`,
        IDENTITY_HEADER: `${dev.clientId}.${dev.clientSecret}`,
      });
      expectOurs(token, '/adfs');
    },
  );

  it('gets tokens that the management host accepts', async () => {
    const client = new ClientSecretCredential('adfs', dev.clientId, dev.clientSecret, options());
    const { token } = await client.getToken(`${coffer.managementUrl}/.default`);
    const answer = await ask(coffer, `${coffer.managementUrl}/subscriptions?api-version=2022-12-01`, { token });
    expect(answer.status).toBe(200);
  });
});
