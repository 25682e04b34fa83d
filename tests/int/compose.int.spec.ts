import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const run = promisify(execFile);
const workspace = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(path.join(workspace, file), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly unknown[];
  readonly command?: readonly string[];
  readonly healthcheck?: object;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } } };
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);
const dockerfile = read('Dockerfile');
const stages = [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, from = '', name = '']) => ({ from, name }));

describe('docker-compose.yml', () => {
  it("starts every service of Coffer from the repository's own Dockerfile, and only Postgres and Kafka from elsewhere", () => {
    expect(services.filter(([, { image }]) => image !== undefined).map(([name]) => name)).toEqual([
      'postgres',
      'kafka',
    ]);
    const targets = new Set(stages.map(({ name }) => name));
    for (const [name, { build }] of ours)
      expect([name, build?.context, targets.has(build?.target ?? '')]).toEqual([name, '.', true]);
    const programs = ['vault-management', 'crypto-gateway', 'policy-engine', 'audit-log', 'identity'];
    expect(
      programs.flatMap((name) => [name, `${name}-2`]).filter((name) => compose.services[name] === undefined),
    ).toEqual([]);
  });

  it('gives what runs no right that it does not need, and bounds all of it', () => {
    for (const [name, service] of ours) {
      const { read_only: readOnly, cap_drop: dropped, security_opt: security } = service;
      expect([name, readOnly, dropped, security]).toEqual([name, true, ['ALL'], ['no-new-privileges:true']]);
    }
    for (const [name, { deploy }] of services)
      expect([name, deploy?.resources.limits.memory]).toEqual([name, expect.any(String)]);
  });

  it('opens the edge alone, on loopback', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name, { ports }]) => [name, ports])).toEqual([
      ['edge', ['127.0.0.1:${COFFER_PORT:-8443}:8443']],
    ]);
  });

  it('holds no secret, and gives each service its own files alone', () => {
    expect(read('docker-compose.yml')).not.toMatch(/password:|secret:|PASSWORD: /i);
    for (const [name, { volumes = [] }] of services) {
      const files = volumes.filter((volume) => volume.startsWith('run-'));
      if (['files', 'databases'].includes(name)) continue;
      const own = name.replace(/-2$/, '');
      const at = name === 'kafka' ? '/mnt/shared/config' : '/run/coffer';
      expect([name, files]).toEqual([name, files.length === 0 ? [] : [`run-${own}:${at}:ro`]]);
    }
    // The services, the edge, the database, the broker, and who gives grants there.
    const holders = services.filter(([, { volumes = [] }]) => volumes.some((volume) => /^run-.*:ro$/.test(volume)));
    expect(holders.map(([name]) => name).filter((name) => !name.endsWith('-2'))).toEqual([
      'postgres',
      'kafka',
      'databases',
      'topics',
      'vault-management',
      'crypto-gateway',
      'policy-engine',
      'audit-log',
      'identity',
      'edge',
    ]);
    const named = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    expect([...new Set(named)].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('lets nobody to the broker without a certificate', () => {
    const { environment = {}, healthcheck, ports } = compose.services['kafka'] ?? {};
    // Variables of the image would add to its server.properties, and win.
    expect([Object.keys(environment), ports]).toEqual([['KAFKA_HEAP_OPTS'], undefined]);
    expect(JSON.stringify(healthcheck)).toContain('/mnt/shared/config/healthcheck.properties');
    expect(compose.services['topics']?.command).toEqual([
      'deployment',
      'topics',
      'kafka:9092',
      '--certificates',
      '/run/coffer',
    ]);
    expect(read('docker-compose.yml')).not.toMatch(/PLAINTEXT/);
  });

  it('waits for what is needed, and for nothing that does not exist', () => {
    for (const [name, { depends_on: needs = {} }] of services) {
      for (const [needed, { condition }] of Object.entries(needs)) {
        const target = compose.services[needed];
        expect([name, needed, target !== undefined]).toEqual([name, needed, true]);
        if (condition !== 'service_healthy') continue;
        const checked = target?.healthcheck !== undefined || healthcheckOf(target?.build?.target ?? '');
        expect([needed, checked]).toEqual([needed, true]);
      }
    }
  });

  it('uses nothing that one of the two tools refuses', () => {
    const text = read('docker-compose.yml');
    for (const word of ['name:', 'include:', 'version:', 'develop:'])
      expect(text).not.toMatch(new RegExp(`^${word}`, 'm'));
    expect(text).not.toMatch(/start_interval|dockerfile_inline|host_ip|!reset|required: (true|false)|content:/);
  });
});

describe('the Dockerfile', () => {
  it('is for the classic builder, and runs nothing as root or through a shell', () => {
    expect(dockerfile).not.toMatch(/RUN --mount|<<EOF|^ENTRYPOINT [^[]|^CMD [^[]/m);
    const blocks = dockerfile.split(/^FROM /m).slice(1);
    for (const { build } of ours.map(([, service]) => service)) {
      const own = blocks.find((block) => block.split('\n')[0]?.endsWith(` AS ${build?.target ?? ''}`)) ?? '';
      const base = own.startsWith('base ')
        ? (blocks.find((block) => /AS base$/m.test(block.split('\n')[0] ?? '')) ?? '')
        : own;
      expect(base).toContain('USER 1000:1000');
    }
  });

  it('builds with the compiler that npm brings as an optional package, and leaves it behind', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: object }>;
    };
    expect(packages['node_modules/typescript7']?.optionalDependencies).toBeDefined();
    const [build = '', runtime = ''] = ['build', 'base'].map((name) =>
      dockerfile.split(/^FROM /m).find((block) => block.split('\n')[0]?.endsWith(` AS ${name}`)),
    );
    expect(build).toContain('npm ci &&');
    expect(runtime).not.toContain('COPY --from=build /coffer/node_modules');
  });

  it('starts programs that are there, with production packages that npm has', () => {
    const apps = [...dockerfile.matchAll(/"apps\/([a-z-]+)\/dist\/main\.js"/g)].map(([, name = '']) => name);
    expect(apps.length).toBeGreaterThan(5);
    for (const app of apps) expect(read(`apps/${app}/src/main.ts`)).not.toBe('');
  });
});

describe('what is run once', () => {
  it('writes each container its settings, certificate and password, and keeps them when it runs again', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'coffer-compose-'));
    const [state, out] = ['state', 'out'].map((name) => path.join(directory, name));
    const admin = () =>
      run(process.execPath, [
        path.join(workspace, 'apps/cli/dist/main.js'),
        'deployment',
        'files',
        state ?? '',
        out ?? '',
      ]);
    try {
      await admin();
      const names = ['vault-management', 'crypto-gateway', 'policy-engine', 'audit-log', 'identity'];
      const contents = () => Promise.all(names.map((name) => readFile(path.join(out ?? '', name, 'settings'), 'utf8')));
      const password = () => readFile(path.join(out ?? '', 'identity/database-password'), 'utf8');
      const before = [await contents(), await password()];
      await admin();
      expect([await contents(), await password()]).toEqual(before);
      for (const name of names) {
        const env = { ...process.env, COFFER_SETTINGS_FILE: path.join(out ?? '', name, 'settings') };
        // The program takes every line: an unknown setting would end it with 2.
        await run(process.execPath, [path.join(workspace, 'apps', name, 'dist/main.js'), '--help'], { env });
        expect((await stat(path.join(out ?? '', name, 'settings'))).mode & 0o077).toBe(0);
        const files = await readdir(path.join(out ?? '', name));
        expect(files.filter((file) => file.endsWith('.key'))).toEqual(['service.key']);
        expect(await readFile(env.COFFER_SETTINGS_FILE, 'utf8')).toContain('COFFER_KAFKA_TLS=true\n');
      }
      const broker = path.join(out ?? '', 'kafka');
      const modes = (await readdir(broker)).map(async (file) => [
        file,
        (await stat(path.join(broker, file))).mode & 0o777,
      ]);
      expect(await Promise.all(modes)).toEqual(
        ['healthcheck.properties', 'keystore.pem', 'server.properties', 'truststore.pem'].map((file) => [file, 0o600]),
      );
      expect(await readdir(path.join(out ?? '', 'topics'))).toEqual(['service-ca.pem', 'service.key', 'service.pem']);
      expect(await readFile(path.join(out ?? '', 'edge/nginx.conf'), 'utf8')).toContain('upstream crypto-gateway');
      expect((await readFile(path.join(out ?? '', 'postgres/password'), 'utf8')).length).toBeGreaterThan(30);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

function healthcheckOf(target: string): boolean {
  const block = dockerfile.split(/^FROM /m).find((each) => each.split('\n')[0]?.endsWith(` AS ${target}`)) ?? '';
  return block.includes('HEALTHCHECK');
}
