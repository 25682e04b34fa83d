import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cofferProgram, freePort, topology } from '../support/coffer.js';
import { Lines } from '../support/embedded-postgres.js';

const run = promisify(execFile);
const workspace = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(path.join(workspace, file), 'utf8');
const EXAMPLE = 'examples/quickstart.mjs';
const FINDS = ['secret: correct horse battery staple', 'signature is good: true', 'decrypted: hello'];

let dataDir: string;
let port: number;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'coffer-readme-'));
  port = await freePort();
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly output: Lines;
  readonly stop: () => Promise<void>;
}

/** `npm start` without its build: the program with its defaults, but for the place of its data and its port. */
async function start(): Promise<Started> {
  const args = [cofferProgram(), '--data-dir', dataDir, '--port', String(port)];
  const child = spawn(process.execPath, args, { cwd: workspace, stdio: ['ignore', 'pipe', 'inherit'] });
  const output = new Lines();
  createInterface({ input: child.stdout }).on('line', output.add);
  await output.until(/^Environment of the official clients/);
  await output.until(/KEYVAULT_URL=/);
  const stop = async () => {
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  };
  return { child, output, stop };
}

/** What `set -a; . coffer.env` puts into the environment. */
function environment(): Record<string, string> {
  const lines = readFileSync(path.join(dataDir, 'coffer.env'), 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Runs the example with nothing but these variables and the path. */
async function example(more: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: dataDir, ...environment(), ...more };
  const { stdout } = await run(process.execPath, [EXAMPLE], { cwd: workspace, env });
  return stdout.trim().split('\n');
}

describe('the README', () => {
  it('prints the example as it is', () => {
    const block = /```js\n([\s\S]*?)```/.exec(read('README.md'))?.[1];
    expect(block).toBe(read(EXAMPLE));
  });

  it('names scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read('README.md').matchAll(/npm (?:run )?(start|test|run \w+|\w+)/g)].map(
      ([, name = '']) => name,
    );
    const known = new Set([...Object.keys(scripts), 'ci']);
    expect(named.filter((name) => !known.has(name.replace(/^run /, '')))).toEqual([]);
  });

  it.each([
    'README.md',
    'ARCHITECTURE.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'docs/azure-divergences.md',
    'docs/life-of-a-request.md',
    'docs/bring-your-own-key.md',
  ])('%s points at files that exist', (document) => {
    const text = read(document);
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, to = '']) =>
      path.join(path.dirname(document), to),
    );
    const paths = [...text.matchAll(/`((?:libs|apps|tools|tests|docs|examples)\/[\w./-]+)`/g)].map(([, to = '']) => to);
    expect([...links, ...paths].filter((to) => !existsSync(path.join(workspace, to)))).toEqual([]);
  });
});

describe('the quick start', () => {
  it('works as printed with environment variables alone, and the second start finds all data', async () => {
    const first = await start();
    const secret = environment()['AZURE_CLIENT_SECRET'] ?? '';
    expect(secret.length).toBeGreaterThan(30);
    expect(first.output.all.join('\n')).toContain(secret);
    expect(await example()).toEqual(FINDS);
    await first.stop();

    const second = await start();
    // Shown once.
    expect(second.output.all.join('\n')).not.toContain(secret);
    expect(environment()['AZURE_CLIENT_SECRET']).toBe(secret);
    expect(await example()).toEqual(FINDS);
    const { stdout } = await run(process.execPath, ['apps/cli/dist/main.js', 'rebuild', 'vaults'], {
      cwd: workspace,
      env: { ...process.env, COFFER_DATA_DIR: dataDir },
    });
    expect(stdout).toMatch(/^vaults: [1-9]\d* events applied$/m);
    const reset = await run(process.execPath, ['apps/cli/dist/main.js', 'reset-administrator'], {
      cwd: workspace,
      env: { ...process.env, COFFER_DATA_DIR: dataDir },
    });
    const fresh = /^AZURE_CLIENT_SECRET=(.+)$/m.exec(reset.stdout)?.[1] ?? '';
    expect(fresh).not.toBe(secret);
    expect(await example({ AZURE_CLIENT_SECRET: fresh })).toEqual(FINDS);
    await second.stop();
  });

  it('shows its settings, and names every problem of a configuration at once', async () => {
    const main = 'apps/standalone/dist/main.js';
    const help = await run(process.execPath, [main, '--help'], { cwd: workspace });
    expect(help.stdout).toContain('--data-dir VALUE  (COFFER_DATA_DIR)');
    const bad = run(process.execPath, [main, '--port', 'x', '--domain', '-'], {
      cwd: workspace,
      env: { ...process.env, COFFER_UNKNOWN: '1' },
    });
    await expect(bad).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/COFFER_DOMAIN[\s\S]*COFFER_PORT[\s\S]*COFFER_UNKNOWN/) as string,
    });
  });

  it('refuses a second instance on the same data before it serves anything', async () => {
    const running = await start();
    const args = [cofferProgram(), '--data-dir', dataDir, '--port'];
    const second = run(process.execPath, [...args, String(await freePort())], { cwd: workspace });
    await expect(second).rejects.toMatchObject({ code: 1, stdout: '' });
    await running.stop();
  });

  // Separate services are started again and again by who supervises them, whatever they ended with.
  const alone = topology === 'standalone' ? it : it.skip;
  alone('refuses a wrong root key before it serves anything (only where one process is the whole)', async () => {
    const args = [cofferProgram(), '--data-dir', dataDir, '--port'];
    const other = path.join(dataDir, 'other.key');
    const options = ['--root-key-file', other];
    const wrong = run(process.execPath, [...args, String(port), ...options], { cwd: workspace });
    await expect(wrong).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('root key') as string,
    });
  });
});
