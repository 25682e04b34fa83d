/** Starts the built standalone app with --dev for a benchmark, and signs in. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { once as ask } from './load.mjs';

const PROGRAMS = {
  standalone: fileURLToPath(new URL('../../apps/standalone/dist/main.js', import.meta.url)),
  split: fileURLToPath(new URL('../split/main.mjs', import.meta.url)),
};
const dev = {
  clientId: '00000000-0000-4000-8000-000000000002',
  clientSecret: 'coffer-development-secret-not-for-production',
};

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** `topology`: `standalone`, or `split` for separate services, two instances of each. */
export async function startCoffer(directory = mkdtempSync(join(tmpdir(), 'coffer-bench-')), topology = 'standalone') {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [PROGRAMS[topology], '--dev', '--data-dir', directory, '--port', String(port), '--log-level', 'warn'],
    {
      // Separate services say a lot while they wait for each other.
      stdio: ['ignore', 'pipe', topology === 'split' ? 'ignore' : 'inherit'],
    },
  );
  const lines = createInterface({ input: child.stdout });
  await new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      if (line.startsWith('Coffer is ready')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`Coffer ended with ${code}`)));
  });
  const readyAfter = performance.now() - started;
  const ca = readFileSync(join(directory, 'tls/ca.pem'));
  const target = (servername) => ({ port, servername, ca });
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return {
    directory,
    port,
    ca,
    pid: child.pid,
    postgresPid: () => readFileSync(join(directory, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0],
    readyAfter,
    target,
    vault: { ...target('demo.vault.localhost'), host: `demo.vault.localhost:${port}` },
    token: (resource = 'vault') => signIn(target('login.localhost'), port, resource),
    stop,
    dispose: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function signIn(target, port, resource) {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: dev.clientId,
    client_secret: dev.clientSecret,
    scope: `https://${resource}.localhost:${port}/.default`,
  }).toString();
  const bytes = Buffer.from(
    `POST /adfs/oauth2/token HTTP/1.1\r\nHost: login.localhost:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const answer = await ask(target, bytes);
  if (answer.status !== 200) throw new Error(`sign-in failed: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body).access_token;
}

/** Resident memory of a process in MB (Linux). */
export function residentMegabytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
