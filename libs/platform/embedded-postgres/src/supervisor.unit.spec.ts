import { EmbeddedPostgresError } from './errors.js';
import type { ServerExit, ServerProcess } from './server-process.js';
import { launchFirst, restartPause, supervise } from './supervisor.js';

const killed: ServerExit = { code: null, signal: 'SIGKILL' };

/** A server whose end the test decides. */
function fakeServer(pid: number) {
  const { promise, resolve } = Promise.withResolvers<ServerExit>();
  return { server: { pid, exited: promise } satisfies ServerProcess, end: resolve };
}

describe('starting again', () => {
  it('is immediate at first, then waits longer and longer, at most 5 seconds', () => {
    expect([0, 1, 2, 3, 6, 7, 100].map(restartPause)).toEqual([0, 100, 200, 400, 3200, 5000, 5000]);
  });

  it('goes on after a failed start and ends with the exit after stop', async () => {
    const stop = new AbortController();
    const [first, second] = [fakeServer(1), fakeServer(2)];
    const launches = [() => Promise.reject(new Error('disk full')), () => Promise.resolve(second.server)];
    const running = Promise.withResolvers<number>();
    const lines: string[] = [];
    const ended = supervise(first.server, {
      launch: () => launches.shift()?.() ?? Promise.reject(new Error('too many launches')),
      keepAlive: true,
      stop: stop.signal,
      log: (line) => lines.push(line),
      onLaunch: (server) => {
        running.resolve(server.pid);
      },
    });
    first.end(killed);
    expect(await running.promise).toBe(2);
    stop.abort();
    second.end({ code: 0, signal: null });
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(lines).toEqual([
      'PostgreSQL ended unexpectedly (SIGKILL); starting it again',
      'disk full',
      'PostgreSQL runs again',
    ]);
  });

  it('is given up when stop comes while a start fails', async () => {
    const stop = new AbortController();
    const first = fakeServer(1);
    const ended = supervise(first.server, {
      launch: () => {
        stop.abort();
        return Promise.reject(new Error('shut down before it was ready'));
      },
      keepAlive: true,
      stop: stop.signal,
      log: () => undefined,
      onLaunch: () => {
        throw new Error('nothing was launched');
      },
    });
    first.end(killed);
    expect(await ended).toEqual(killed);
  });

  it('does not happen without keepAlive', async () => {
    const first = fakeServer(1);
    const never = () => Promise.reject(new Error('must not be launched'));
    const options = { launch: never, keepAlive: false, log: () => undefined, onLaunch: () => undefined };
    const ended = supervise(first.server, { ...options, stop: new AbortController().signal });
    first.end(killed);
    expect(await ended).toEqual(killed);
  });
});

describe('the first start', () => {
  it('waits while processes of a killed server end', async () => {
    const ready = fakeServer(7);
    const failures = [new EmbeddedPostgresError('previous-server-ending', 'still in use')];
    const launch = () => {
      const failure = failures.shift();
      return failure === undefined ? Promise.resolve(ready.server) : Promise.reject(failure);
    };
    expect((await launchFirst(launch)).pid).toBe(7);
  });

  it('reports any other failure at once', async () => {
    let launches = 0;
    const launch = () => {
      launches += 1;
      return Promise.reject(new EmbeddedPostgresError('no-space', 'full'));
    };
    await expect(launchFirst(launch)).rejects.toMatchObject({ reason: 'no-space' });
    expect(launches).toBe(1);
  });
});
