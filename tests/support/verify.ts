import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RunningCoffer } from './coffer.js';
import { ask, tokenFor, vaultResource } from './https.js';

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('../../apps/verify/bin/coffer-verify.mjs', import.meta.url));
const RESOLVER = fileURLToPath(new URL('../../libs/composition/resolver/localhost-names.cjs', import.meta.url));

export interface VerifierRun {
  readonly code: number;
  readonly output: string;
}

/** Runs `coffer-verify` as a person would. */
export async function verifier(...args: string[]): Promise<VerifierRun> {
  try {
    const { stdout } = await run(process.execPath, ['--require', RESOLVER, CLI, ...args]);
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stderr } = error as { readonly code: number; readonly stderr: string };
    return { code, output: stderr };
  }
}

/** Waits until the tree holds what was done in the vault before the call, and copies the log. */
export async function mirror(coffer: RunningCoffer, directory: string): Promise<VerifierRun> {
  const token = await tokenFor(coffer, coffer.auditUrl);
  // A record of the same service, which hands its records over in their order: what came before is in the log with it.
  const mark = `mark-${randomUUID()}`;
  await ask(coffer, `${coffer.vaultUrl()}/secrets/${mark}?api-version=7.4`, {
    token: await tokenFor(coffer, vaultResource(coffer)),
  });
  const deadline = Date.now() + 60_000;
  for (;;) {
    const page = await ask(coffer, `${coffer.auditUrl}/records?object=${mark}`, { token });
    const [found] = page.json<{ value: readonly { readonly recordId: string }[] }>().value;
    if (found !== undefined) {
      const proof = await ask(coffer, `${coffer.auditUrl}/proofs/inclusion?recordId=${found.recordId}`, { token });
      if (proof.status === 200) break;
    }
    if (Date.now() > deadline) throw new Error('the log does not go on');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return verifier('mirror', coffer.auditUrl, directory, '--ca', coffer.caFile, '--token', token);
}

/** A scratch directory that goes with the returned function. */
export async function scratch(): Promise<{ readonly directory: string; readonly remove: () => Promise<void> }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-verify-'));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Checks a copy of a copy in which one file was changed. */
export async function checkTampered(
  directory: string,
  file: string,
  change: (content: Buffer) => Buffer | string,
): Promise<VerifierRun> {
  const other = await scratch();
  try {
    await cp(directory, other.directory, { recursive: true });
    const name = path.join(other.directory, file);
    await writeFile(name, change(await readFile(name)));
    return await verifier(other.directory);
  } finally {
    await other.remove();
  }
}

/** Lines of a file, changed. */
export const lines =
  (change: (all: string[]) => string[]) =>
  (content: Buffer): string =>
    `${change(content.toString('utf8').trimEnd().split('\n')).join('\n')}\n`;
