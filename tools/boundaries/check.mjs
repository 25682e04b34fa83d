/**
 * Proves that every boundary bites: each row of rules.mjs is linted with the workspace's own configuration. Prints
 * `N boundary rules hold`, or the rows that do not and exits with 1.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { rules } from './rules.mjs';

const workspace = fileURLToPath(new URL('../../', import.meta.url));

/** The Nx rule passes everything when it finds no project graph; nx writes it. */
function makeProjectGraph() {
  const scratch = mkdtempSync(join(tmpdir(), 'coffer-graph-'));
  try {
    const nx = join(workspace, 'node_modules/nx/dist/bin/nx.js');
    execFileSync(process.execPath, [nx, 'graph', `--file=${join(scratch, 'graph.json')}`], {
      cwd: workspace,
      env: { ...process.env, NX_DAEMON: 'false' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The files do not exist, so rules that need their types are off; the boundary rules stay as they are. */
const eslint = new ESLint({
  cwd: workspace,
  overrideConfig: [tseslint.configs.disableTypeChecked, { languageOptions: { parserOptions: { project: false } } }],
});

async function reported(code, file) {
  const [result] = await eslint.lintText(code, { filePath: join(workspace, file) });
  return result.messages.map((message) => message.ruleId ?? message.message);
}

makeProjectGraph();
const misses = [];
for (const { name, file, rule, bad, good } of rules) {
  const onBad = await reported(bad, file);
  if (onBad.length !== 1 || onBad[0] !== rule) misses.push(`${name}: wanted ${rule}, got [${onBad.join(', ')}]`);
  const onGood = await reported(good, file);
  if (onGood.length !== 0) misses.push(`${name}: the allowed import got [${onGood.join(', ')}]`);
}
for (const miss of misses) console.error(miss);
console.log(`${rules.length - misses.length} boundary rules hold`);
process.exitCode = misses.length === 0 ? 0 : 1;
