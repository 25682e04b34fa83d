import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openCheckpoint, parseVerifierKey, signCheckpoint, verifierKey } from '@coffer/audit-domain';
import { startCoffer, type RunningCoffer } from '../support/coffer.js';
import { ask, tokenFor, vaultResource } from '../support/https.js';
import { checkTampered, lines, mirror, scratch, verifier } from '../support/verify.js';

let coffer: RunningCoffer;
let copy: Awaited<ReturnType<typeof scratch>>;
beforeAll(async () => {
  coffer = await startCoffer();
  copy = await scratch();
  const token = await tokenFor(coffer, vaultResource(coffer));
  for (let i = 0; i < 30; i += 1) {
    const answer = await ask(coffer, `${coffer.vaultUrl()}/secrets/s${i % 3}?api-version=7.4`, {
      method: 'PUT',
      token,
      body: { value: `${i}` },
    });
    expect(answer.status).toBe(200);
  }
  // More records than a page of the query or a tile of the tree has.
  const reads = Array.from({ length: 8 }, async () => {
    for (let i = 0; i < 140; i += 1) await ask(coffer, `${coffer.vaultUrl()}/secrets/s1?api-version=7.4`, { token });
  });
  await Promise.all(reads);
  expect((await mirror(coffer, copy.directory)).output).toMatch(/^copied: \d+ entries/);
});
afterAll(async () => {
  await coffer.dispose();
  await copy.remove();
});

describe('coffer-verify', () => {
  it('accepts a copy of a log, and a later one that extends it', async () => {
    const first = await verifier(copy.directory);
    expect(first).toEqual({
      code: 0,
      output: expect.stringMatching(/^accepted: \d+ entries, \d+ records, 1 vaults/) as string,
    });
    await mirror(coffer, copy.directory);
    expect(await verifier(copy.directory)).toEqual({
      code: 0,
      output: expect.stringMatching(/2 tree heads/) as string,
    });
  });

  it.each([
    [
      'a record that was changed',
      'record',
      lines((all) => all.map((line) => line.replace('"SecretSet"', '"SecretGet"'))),
    ],
    ['a record that was removed', 'withheld', lines((all) => all.toSpliced(10, 1))],
    ['records that changed places', 'record', lines((all) => swap(all))],
  ] as const)('refuses %s', async (_what, reason, change) => {
    expect(await checkTampered(copy.directory, 'records.ndjson', change)).toEqual({
      code: 1,
      output: expect.stringMatching(new RegExp(`^refused \\(${reason}\\)`)) as string,
    });
  });

  it('refuses a forked tree head, although it is signed by the log', async () => {
    // What a dishonest operator could make with the log's key.
    const key = { name: 'audit.localhost', key: await signingKey() };
    const note = await readFile(path.join(copy.directory, 'checkpoint'), 'utf8');
    const { size, origin } = openCheckpoint(note, parseVerifierKey(verifierKey(key)));
    const fork = path.join(copy.directory, 'fork');
    await writeFile(fork, signCheckpoint({ origin, size, root: Buffer.alloc(32, 7) }, key));
    expect(await verifier(copy.directory, '--since', fork)).toEqual({
      code: 1,
      output: expect.stringMatching(/^refused \(fork\)/) as string,
    });
    const stranger = verifierKey({ name: 'audit.localhost', key: generateKeyPairSync('ed25519').privateKey });
    expect((await verifier(copy.directory, '--vkey', stranger)).output).toMatch(/^refused \(signature\)/);
  });

  it('tells misuse from refusal', async () => {
    expect((await verifier(path.join(copy.directory, 'nothing'))).code).toBe(2);
    expect((await verifier(copy.directory, '--vkey', 'nonsense')).code).toBe(2);
  });
});

async function signingKey() {
  const { createPrivateKey } = await import('node:crypto');
  return createPrivateKey(await readFile(path.join(coffer.dataDir, 'audit.key')));
}

/** The contents of two records, each under the other's number. */
function swap(all: string[]): string[] {
  const [a, b] = [all[5], all[8]].map((line) => JSON.parse(line ?? '{}') as Record<string, unknown>);
  const numbers = (record: Record<string, unknown> | undefined) => ({
    index: record?.['index'],
    vaultIndex: record?.['vaultIndex'],
  });
  return all.with(5, JSON.stringify({ ...b, ...numbers(a) })).with(8, JSON.stringify({ ...a, ...numbers(b) }));
}
