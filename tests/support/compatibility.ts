import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

type Client = 'js' | 'python' | 'pythonAsync';
interface Operation {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
}
/** Operations that the client got done, and others that were refused. */
interface Done {
  readonly done: readonly string[];
  readonly refused: readonly string[];
}
/** By spec and api-version. */
type Runs = Readonly<Record<string, Readonly<Record<string, Done | undefined>> | undefined>>;
interface Results {
  readonly clients: Readonly<Partial<Record<Client, { readonly runs: Runs }>>>;
}

const root = new URL('../../', import.meta.url);
const load = (file: string): unknown => JSON.parse(readFileSync(new URL(file, root), 'utf8'));
const { operations } = load('tools/compatibility/operations.json') as { operations: readonly Operation[] };
const patterns = operations
  .map(({ operation, method, path: template }) => ({ operation, ...patternOf(method, template) }))
  .sort((a, b) => b.literals - a.literals);

/** Which operations on keys a client exercised in an api-version: what docs/compatibility.md may claim of a spec. */
export class Exercise {
  readonly #done = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #spec: string;

  constructor(
    readonly client: Client,
    readonly version: string,
    specUrl: string,
  ) {
    this.#spec = path.basename(fileURLToPath(specUrl));
  }

  /** Takes note of an answer that is as described. */
  saw(method: string, pathname: string, status: number): void {
    const at = `${method} /${pathname.split('/').filter(Boolean).join('/')}`;
    const found = patterns.find(({ pattern }) => pattern.test(at));
    if (found !== undefined) (status < 400 ? this.#done : this.#refused).add(found.operation);
  }

  /** Leaves what was seen to `npm run compatibility -- collect`; gives what docs/compatibility.json claims beyond it. */
  unproven(): string[] {
    const done = [...this.#done].sort();
    const refused = [...this.#refused].filter((operation) => !this.#done.has(operation)).sort();
    const { client, version } = this;
    const spec = this.#spec;
    const directory = new URL('coverage/compatibility/', root);
    mkdirSync(directory, { recursive: true });
    const file = new URL(`${client}-${spec}-${version}.json`, directory);
    writeFileSync(file, JSON.stringify({ client, spec, version, done, refused }));
    const claims = runsOf(client)[spec]?.[version];
    const beyond = [
      ...(claims?.done ?? []).filter((operation) => !done.includes(operation)),
      ...(claims?.refused ?? []).filter((operation) => !refused.includes(operation)),
    ];
    return beyond.map((operation) => `${client} ${version} ${operation}`);
  }
}

/** The api-versions that docs/compatibility.json claims of a spec, for the spec to see that it runs them. */
export function claimedVersions(client: Client, specUrl: string): string[] {
  return Object.keys(runsOf(client)[path.basename(fileURLToPath(specUrl))] ?? {}).sort();
}

/** Nothing of a client that has only just been added. */
function runsOf(client: Client): Runs {
  return (load('docs/compatibility.json') as Results).clients[client]?.runs ?? {};
}

/** `{key-version}` may be empty or left out: then the newest version is meant. */
function patternOf(method: string, template: string): { readonly pattern: RegExp; readonly literals: number } {
  const segments = template.split('/').slice(1);
  const source = segments
    .map((segment) =>
      segment === '{key-version}' ? '(?:/[^/]*)?' : segment.startsWith('{') ? '/[^/]+' : `/${segment}`,
    )
    .join('');
  return {
    pattern: new RegExp(`^${method} ${source}$`, 'i'),
    literals: segments.filter((segment) => !segment.startsWith('{')).length,
  };
}
