import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { armVault, dev, startCoffer, type RunningCoffer } from '../support/coffer.js';
import { brokenSequences, dumpTables, inDatabase, unrecorded, serviceDatabases } from '../support/databases.js';
import { ask, tokenFor, vaultResource, type Answer, type Ask } from '../support/https.js';
import { MixedLoad } from '../support/load.js';

const run = promisify(execFile);
const V = 'api-version=7.4';
/** Separate services take a while to start on a small machine. */
const STARTS_TWICE_MS = 240_000;
const digest = createHash('sha256').update('x').digest('base64url');

let coffer: RunningCoffer;
let token: string;
let armToken: string;
const onVault = (at: string, request: Ask = {}): Promise<Answer> =>
  ask(coffer, `${coffer.vaultUrl()}${at}?${V}`, { token, ...request });
const sign = (name: string) =>
  onVault(`/keys/${name}//sign`, { method: 'POST', body: { alg: 'ES256', value: digest } });

beforeAll(async () => {
  coffer = await startCoffer();
  token = await tokenFor(coffer, vaultResource(coffer));
  armToken = await tokenFor(coffer, coffer.managementUrl);
});
afterAll(() => coffer.dispose());

describe('a change that tightens', () => {
  it.each(['key', 'policy'])(
    'holds for every request that begins after its acknowledgement (%s), under sixteen users',
    async (what) => {
      const name = `tight-${what}`;
      await onVault(`/keys/${name}/create`, { method: 'POST', body: { kty: 'EC' } });
      const vault = armVault(coffer, dev.vaultName);
      const policies = (kind: string) =>
        ask(coffer, `${vault}/accessPolicies/${kind}?api-version=2023-07-01`, {
          method: 'PUT',
          token: armToken,
          body: {
            properties: {
              accessPolicies: [{ tenantId: dev.tenantId, objectId: dev.objectId, permissions: { keys: ['sign'] } }],
            },
          },
        });
      const set = (enabled: boolean) =>
        onVault(`/keys/${name}/`, { method: 'PATCH', body: { attributes: { enabled } } });
      const tighten = () => (what === 'key' ? set(false) : policies('remove'));
      const loosen = () => (what === 'key' ? set(true) : policies('add'));

      let refusedAfter = 0;
      for (let round = 0; round < 5; round += 1) {
        expect((await sign(name)).status).toBe(200);
        let acknowledged = false;
        let done = false;
        const late: number[] = [];
        const user = async () => {
          while (!done) {
            const began = acknowledged;
            const { status } = await sign(name);
            if (began) late.push(status);
          }
        };
        const users = Array.from({ length: 16 }, user);
        expect((await tighten()).status).toBe(200);
        acknowledged = true;
        for (let i = 0; i < 10; i += 1) expect((await sign(name)).status).toBe(403);
        done = true;
        await Promise.all(users);
        expect(late.filter((status) => status !== 403)).toEqual([]);
        refusedAfter += late.length;
        expect((await loosen()).status).toBe(200);
      }
      expect(refusedAfter).toBeGreaterThan(20);
    },
  );
});

describe('an audit record that cannot be written', () => {
  it('keeps the signature in, and lets work go on when it can be written again', async () => {
    await onVault('/keys/unrecordable/create', { method: 'POST', body: { kty: 'EC' } });
    expect((await sign('unrecordable')).status).toBe(200);
    const rename = (from: string, to: string) =>
      inDatabase(coffer.dataDir, 'coffer_crypto_gateway', (client) =>
        client.query(`ALTER TABLE ${from} RENAME TO ${to}`),
      );
    await rename('audit_inbox', 'audit_inbox_away');
    const answer = await sign('unrecordable');
    const denied = await ask(coffer, `${coffer.vaultUrl()}/keys?${V}`);
    await rename('audit_inbox_away', 'audit_inbox');
    expect(answer.status).toBe(503);
    expect(answer.json()).toMatchObject({ error: { code: 'ServiceUnavailable' } });
    expect(answer.text).not.toContain('value');
    expect([401, 503]).toContain(denied.status);
    expect((await sign('unrecordable')).status).toBe(200);
  });
});

describe('sixteen writers of one secret', () => {
  it('lose nothing and leave no gap; every projection can be rebuilt to the byte', async () => {
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      const versions: string[] = [];
      for (let i = 0; i < 5; i += 1) {
        const answer = await onVault('/secrets/contended', {
          method: 'PUT',
          body: { value: `${writer}/${i}`, tags: { writer: String(writer) } },
        });
        expect(answer.status).toBe(200);
        versions.push(answer.json<{ id: string }>().id);
      }
      return versions;
    });
    const versions = (await Promise.all(writers)).flat();
    expect(new Set(versions).size).toBe(80);
    expect(await brokenSequences(coffer.dataDir)).toEqual([]);

    const admin = (...args: string[]) =>
      run(process.execPath, [fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url)), ...args], {
        env: { ...process.env, COFFER_DATA_DIR: coffer.dataDir },
      });
    const { stdout } = await admin('projections');
    const projections = [...stdout.matchAll(/^(\S+) {2}\((\S+); tables: (.*)\)$/gm)].map(
      ([, name = '', service = '', tables = '']) => ({
        name,
        database: `coffer_${service.replaceAll('-', '_')}`,
        tables: tables.split(', '),
      }),
    );
    expect(projections.length).toBeGreaterThan(5);
    for (const { name, database, tables } of projections) {
      const live = await dumpTables(coffer.dataDir, database);
      await admin('rebuild', name);
      const rebuilt = await dumpTables(coffer.dataDir, database);
      for (const table of tables) expect([table, rebuilt.get(table)]).toEqual([table, live.get(table)]);
    }
    expect((await onVault('/secrets/contended')).status).toBe(200);
  });
});

describe('what is secret', () => {
  it('is found in no table, file, log line or event', async () => {
    const marker = () => `mark-${randomBytes(16).toString('hex')}`;
    const value = marker();
    const tag = marker();
    const contentType = marker();
    const set = await onVault('/secrets/searched', { method: 'PUT', body: { value, contentType, tags: { tag } } });
    expect(set.status).toBe(200);
    await onVault('/secrets/searched');
    await onVault('/secrets/searched/', { method: 'PATCH', body: { tags: { tag } } });
    await onVault('/secrets/' + marker().replace('mark', 'bad_name'), { method: 'PUT', body: { value } });
    await onVault('/secrets/searched', { method: 'PUT', body: `{"value":"${value}",` });
    await onVault('/keys/searched/create', { method: 'POST', body: { kty: 'RSA', tags: { tag } } });
    const plaintext = Buffer.from(marker());
    const encrypted = await onVault('/keys/searched//encrypt', {
      method: 'POST',
      body: { alg: 'RSA-OAEP-256', value: plaintext.toString('base64url') },
    });
    const ciphertext = encrypted.json<{ value: string }>().value;
    expect(
      (await onVault('/keys/searched//decrypt', { method: 'POST', body: { alg: 'RSA-OAEP-256', value: ciphertext } }))
        .status,
    ).toBe(200);

    const needles = [
      value,
      tag,
      contentType,
      plaintext.toString('base64url'),
      plaintext.toString(),
      dev.clientSecret,
      token,
      armToken,
      'PRIVATE KEY',
    ];
    const texts = [value, tag, contentType, plaintext.toString(), dev.clientSecret];
    const hidden = [
      ...needles,
      ...texts.flatMap((text) => [Buffer.from(text).toString('base64'), Buffer.from(text).toString('hex')]),
    ];
    // The head of every RSA PKCS#8 key (RFC 5958) and of every EC one, as hex: how bytea shows bytes.
    const keyHeads = ['300d06092a864886f70d0101010500', '301306072a8648ce3d020106'];

    for (const database of serviceDatabases) {
      for (const [table, text] of await dumpTables(coffer.dataDir, database)) {
        const found = [...hidden, ...keyHeads].filter((needle) => text.includes(needle));
        expect([database, table, found]).toEqual([database, table, []]);
      }
    }
    const lines = coffer.lines.all.filter((line) => !line.includes('AZURE_CLIENT_SECRET=')).join('\n');
    expect(hidden.filter((needle) => lines.includes(needle))).toEqual([]);
    const files = filesBelow(path.join(coffer.dataDir, 'postgres/data'));
    expect(files.length).toBeGreaterThan(100);
    const inFiles = files.filter((file) => {
      const bytes = readIfThere(file);
      return needles.some((needle) => needle !== 'PRIVATE KEY' && bytes?.includes(needle));
    });
    expect(inFiles).toEqual([]);
  });
});

/** Undefined for a file that the server has removed meanwhile. */
function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

describe('a stop under load', () => {
  it(
    'answers what is running, exits with 0, and loses nothing that was acknowledged',
    async () => {
      const own = await startCoffer();
      try {
        const ownToken = await tokenFor(own, vaultResource(own));
        await ask(own, `${own.vaultUrl()}/keys/chaos/create?${V}`, {
          method: 'POST',
          token: ownToken,
          body: { kty: 'EC' },
        });
        await ask(own, `${own.vaultUrl()}/secrets/drain-all?${V}`, {
          method: 'PUT',
          token: ownToken,
          body: { value: 'x' },
        });
        const load = new MixedLoad(ownToken, 'drain');
        load.start(own);
        await load.until(() => load.secrets.length > 10);
        expect(await own.stop()).toBe(0);
        await load.stop();
        expect([...load.statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);

        const again = await startCoffer({ dataDir: own.dataDir, port: own.port });
        expect(await unrecorded(again.dataDir, load.acknowledged)).toEqual([]);
        for (const { name, version, value } of load.secrets) {
          const found = await ask(again, `${again.vaultUrl()}/secrets/${name}/${version}?${V}`, { token: ownToken });
          expect(found.json<{ value: string }>().value).toBe(value);
        }
        await again.dispose();
      } finally {
        await own.kill();
      }
    },
    STARTS_TWICE_MS,
  );
});
