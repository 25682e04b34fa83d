import { LogRefused } from '@coffer/audit-verify';
import { Command } from 'commander';
import { mirrorLog } from './mirror.js';
import { verifyDirectory } from './verify-directory.js';

const program = new Command('coffer-verify').description(
  'Checks the audit log of a Coffer: offline, from a copy, without trusting whoever runs it. Exit code 0: accepted, 1: refused.',
);
program
  .command('check <directory>', { isDefault: true })
  .description('verifies a copy that `mirror` has made')
  .option('--vkey <key>', 'verifier key of the log (name+id+base64); default: verifier-key in the directory')
  .option('--since <file...>', 'signed tree heads that were kept elsewhere')
  .option('--vault <id>', 'only the records of this vault must be there')
  .action(async (directory: string, options: { vkey?: string; since?: string[]; vault?: string }) => {
    const { size, records, vaults, heads } = await verifyDirectory(directory, options);
    process.stdout.write(`accepted: ${size} entries, ${records} records, ${vaults} vaults, ${heads} tree heads\n`);
  });
program
  .command('mirror <url> <directory>')
  .description('copies the log of an audit host: tree head, tiles, entries and records')
  .option('--ca <file>', 'CA that the host is trusted by (PEM)')
  .requiredOption('--token <token>', 'access token of a Coffer Audit Reader', process.env['COFFER_TOKEN'])
  .action(async (url: string, directory: string, options: { ca?: string; token: string }) => {
    const size = await mirrorLog(url, directory, options);
    process.stdout.write(`copied: ${size} entries\n`);
  });

try {
  await program.parseAsync();
} catch (error) {
  const refused = error instanceof LogRefused;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(refused ? `refused (${error.reason}): ${text}\n` : `${text}\n`);
  process.exitCode = refused ? 1 : 2;
}
