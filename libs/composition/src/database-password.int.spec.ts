import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@coffer/embedded-postgres';
import { openDatabase, provisionService } from '@coffer/event-store-postgres';
import type pg from 'pg';
import { databaseConnection } from './database-password.js';

const ROLE = 'coffer_identity';
const PASSWORD = 'p%40/:?# ä';

describe('a service whose database asks for a password', () => {
  let directory: string;
  let server: EmbeddedPostgres;
  let file: string;
  const url = (userinfo = ROLE) => `postgres://${userinfo}@${encodeURIComponent(server.host)}/${ROLE}`;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'coffer-password-'));
    server = await startEmbeddedPostgres({ directory });
    const connection = { host: server.host, user: server.user, database: 'postgres' };
    await provisionService(connection, { role: ROLE, database: ROLE, password: PASSWORD });
    const administrator = openDatabase({ connection });
    const { rows } = await administrator.query<{ hba_file: string }>('SHOW hba_file');
    const rules = rows[0]?.hba_file ?? '';
    await writeFile(rules, `local all ${ROLE} scram-sha-256\n${await readFile(rules, 'utf8')}`);
    await administrator.query('SELECT pg_reload_conf()');
    await administrator.close();
    file = path.join(directory, 'database-password');
    await writeFile(file, `${PASSWORD}\n`);
  });
  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });

  async function signedInAs(connection: pg.ClientConfig): Promise<string | undefined> {
    const database = openDatabase({ connection });
    try {
      return (await database.query<{ name: string }>('SELECT current_user AS name')).rows[0]?.name;
    } finally {
      await database.close();
    }
  }

  it('signs in with the one in its file', async () => {
    expect(await signedInAs(await databaseConnection(url(), file))).toBe(ROLE);
  });

  it('prefers it to the one in its URL', async () => {
    expect(await signedInAs(await databaseConnection(url(`${ROLE}:wrong`), file))).toBe(ROLE);
  });

  it('signs in with the one in its URL when it has no file', async () => {
    const inUrl = url(`${ROLE}:${encodeURIComponent(PASSWORD)}`);
    expect(await signedInAs(await databaseConnection(inUrl, undefined))).toBe(ROLE);
  });

  it('is refused with another', async () => {
    await writeFile(`${file}-wrong`, 'another');
    await expect(databaseConnection(url(), `${file}-wrong`).then(signedInAs)).rejects.toThrow(
      'password authentication failed',
    );
  });
});
