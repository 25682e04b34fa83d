import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import path from 'node:path';
import { deploymentTools } from '@coffer/composition';
import { findNginx } from '../../tools/split/nginx.mjs';
import { freePort } from '../support/coffer.js';
import { ask } from '../support/https.js';
import { temporaryDirectory } from '../support/tls.js';

/** As long as the edge waits for an answer, and what a busy machine adds. */
const ANSWERS_WITHIN_MS = 60_000;

let undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

interface Edge {
  readonly url: string;
  readonly ca: string;
  /** Methods of the requests that have reached an instance, in order. */
  readonly arrived: string[];
}

/** The edge before `away` instances of vault management that nobody listens for, and two that do with a request what `take` does. */
async function edgeBefore(away: number, take: (respond: () => void) => void): Promise<Edge> {
  const { directory, remove } = await temporaryDirectory();
  undo.push(remove);
  const tools = await deploymentTools();
  const port = await freePort();
  const options = { directory, domain: 'localhost', publicPort: port, dev: true };
  const { publicTls, services } = await tools.initDeployment(options);
  const own = services.services['vault-management'];
  const edge = services.services.edge;
  if (own === undefined || edge === undefined) throw new Error('a certificate is missing');
  const arrived: string[] = [];
  const instance = async () => {
    const tls = { cert: readFileSync(own.certificateFile), key: readFileSync(own.keyFile) };
    const server = https.createServer(tls, ({ method = '' }, response) => {
      arrived.push(method);
      take(() => response.end('{}'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.push(() => {
      server.close();
      server.closeAllConnections();
      return Promise.resolve();
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const nobody = [`127.0.0.1:${await freePort()}`];
  const configuration = tools.edgeConfiguration({
    domain: 'localhost',
    listen: [`127.0.0.1:${port}`],
    upstreams: {
      'vault-management': [...nobody.slice(0, away), await instance(), await instance()],
      'crypto-gateway': nobody,
      'policy-engine': nobody,
      'audit-log': nobody,
      identity: nobody,
    },
    certificate: publicTls,
    service: { ...edge, caFile: services.caFile },
    directory,
    workers: 1,
  });
  const file = path.join(directory, 'nginx.conf');
  await writeFile(file, configuration);
  const nginx = spawn(await findNginx(), ['-e', 'stderr', '-p', directory, '-c', file], { stdio: 'ignore' });
  undo.push(async () => {
    nginx.kill('SIGTERM');
    if (nginx.exitCode === null) await once(nginx, 'exit');
  });
  while (!(await listens(port))) await new Promise((resolve) => setTimeout(resolve, 20));
  return { url: `https://management.localhost:${port}/`, ca: readFileSync(publicTls.caFile, 'utf8'), arrived };
}

async function listens(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('the edge', () => {
  it.each(['PUT', 'DELETE', 'PATCH', 'POST'])(
    'gives a %s that no instance listens for to another one',
    async (method) => {
      const { url, ca, arrived } = await edgeBefore(1, (respond) => {
        respond();
      });
      for (let i = 0; i < 6; i += 1) expect((await ask({ ca }, url, { method })).status).toBe(200);
      expect(arrived).toEqual(Array.from({ length: 6 }, () => method));
    },
  );

  it(
    'never gives one that an instance has not answered to another: the first may still carry it out, after a later one',
    async () => {
      const { url, ca, arrived } = await edgeBefore(0, () => undefined);
      const answers = await Promise.all(['PUT', 'DELETE'].map((method) => ask({ ca }, url, { method })));
      expect(answers.map(({ status }) => status)).toEqual([503, 503]);
      expect(arrived.sort()).toEqual(['DELETE', 'PUT']);
    },
    ANSWERS_WITHIN_MS,
  );
});
