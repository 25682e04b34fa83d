import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startEmbeddedPostgres } from '@coffer/embedded-postgres';
import pg from 'pg';
import { isRunning, launcherProcess, Lines, query, temporaryDirectory } from '../support/embedded-postgres.js';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  place = await temporaryDirectory();
});
afterAll(() => place.remove());

/** The pid in a launcher process's line `started <pid>`. */
async function startedServer(lines: Lines): Promise<number> {
  return Number((await lines.until(/^(started|failed) /)).replace('started ', ''));
}

describe('when PostgreSQL is killed', () => {
  it('is started again by itself, each time, with every committed row', async () => {
    const lines = new Lines();
    const server = await startEmbeddedPostgres({ directory: place.directory, log: lines.add });
    await query(server.host, 'create table rounds (round int)');
    for (const round of [1, 2]) {
      await query(server.host, `insert into rounds values (${round})`);
      lines.all.length = 0;
      const killed = server.processId();
      process.kill(killed, 'SIGKILL');
      await lines.until(/runs again/);
      expect(lines.all).toContain('PostgreSQL ended unexpectedly (SIGKILL); starting it again');
      expect(server.processId()).not.toBe(killed);
    }
    expect(await query(server.host, 'select round from rounds order by round')).toEqual([{ round: 1 }, { round: 2 }]);
    await server.stop();
    expect(await server.exited).toBe(0);
  });

  it('shows in `exited` without keepAlive, and the directory can be used again', async () => {
    const options = { directory: place.directory, keepAlive: false };
    const server = await startEmbeddedPostgres(options);
    process.kill(server.processId(), 'SIGKILL');
    expect(await server.exited).toBeNull();
    const again = await startEmbeddedPostgres(options);
    await again.stop();
  });

  it('can be stopped while it is being started again', async () => {
    const lines = new Lines();
    const server = await startEmbeddedPostgres({ directory: place.directory, log: lines.add });
    process.kill(server.processId(), 'SIGKILL');
    await lines.until(/starting it again/);
    await server.stop();
    expect(lines.all).not.toContain('PostgreSQL runs again');
    const again = await startEmbeddedPostgres({ directory: place.directory });
    await again.stop();
  });
});

describe('when the launcher is killed', () => {
  it('its server is stopped by the next start, which finds every committed row', async () => {
    const launcher = launcherProcess(place.directory);
    const orphan = await startedServer(launcher.lines);
    await query(place.directory, 'create table kept as select 42 as answer');
    await launcher.kill();
    expect(isRunning(orphan)).toBe(true);
    const lines = new Lines();
    const server = await startEmbeddedPostgres({ directory: place.directory, log: lines.add });
    expect(lines.all[0]).toBe(`stopping the PostgreSQL (pid ${orphan}) that an earlier instance left behind`);
    expect(isRunning(orphan)).toBe(false);
    expect(await query(server.host, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await server.stop();
  });

  it('together with PostgreSQL, the next start waits for a statement that is still running', async () => {
    const launcher = launcherProcess(place.directory);
    const orphan = await startedServer(launcher.lines);
    const client = new pg.Client({ host: place.directory, user: 'coffer', database: 'postgres' });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    // Two seconds of work, on any machine: a sleep would notice that the server has gone.
    const busy = client
      .query(
        `do $$ declare ends timestamptz := clock_timestamp() + interval '2 s';
         begin while clock_timestamp() < ends loop end loop; end $$`,
      )
      .catch(() => undefined);
    await query(
      place.directory,
      `do $$ begin while not exists (select from pg_stat_activity where pid = ${String(rows[0]?.pid)} and state = 'active')
       loop perform pg_stat_clear_snapshot(); end loop; end $$`,
    );
    await launcher.kill();
    process.kill(orphan, 'SIGKILL');
    const server = await startEmbeddedPostgres({ directory: place.directory });
    expect(await query(server.host, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
    await busy;
  });

  it('in the middle of initdb, the next start makes a whole cluster and clears up', async () => {
    const { directory, remove } = await temporaryDirectory();
    const launcher = launcherProcess(directory);
    await launcher.lines.until(/making the data directory/);
    await launcher.kill();
    expect(await readdir(directory)).not.toContain('data');
    const server = await startEmbeddedPostgres({ directory });
    expect(await query(server.host, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
    expect(await readdir(directory)).toContain('data');
    await remove();
  });

  it('by process.exit, its server stops too', async () => {
    const launcher = launcherProcess(place.directory, 'exit');
    const orphan = await startedServer(launcher.lines);
    if (launcher.child.exitCode === null) await once(launcher.child, 'exit');
    const lines = new Lines();
    const server = await startEmbeddedPostgres({ directory: place.directory, log: lines.add });
    expect(isRunning(orphan)).toBe(false);
    expect(lines.all.join('\n')).not.toContain('interrupted'); // it was shut down, not killed
    await server.stop();
  });
});

describe('a postmaster.pid', () => {
  it('whose pid now belongs to another program does not stop the start, nor that program', async () => {
    const server = await startEmbeddedPostgres({ directory: place.directory, keepAlive: false });
    const file = path.join(place.directory, 'data/postmaster.pid');
    const text = await readFile(file, 'utf8');
    process.kill(server.processId(), 'SIGKILL');
    await server.exited;
    // The parent of this process: alive, and no PostgreSQL.
    await writeFile(file, text.replace(/^\d+/, String(process.ppid)));
    const again = await startEmbeddedPostgres({ directory: place.directory });
    expect(await query(again.host, 'select 1 as one')).toEqual([{ one: 1 }]);
    await again.stop();
  });
});
