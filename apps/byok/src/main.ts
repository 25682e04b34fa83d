import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readExchangeKey } from './exchange-key.js';
import { Refused } from './refused.js';
import { passphraseSource } from './passphrase.js';
import { readPrivateKey } from './private-key.js';
import { transferBlob } from './transfer-blob.js';

const USAGE = `Usage: coffer byok --kek <file> --key <file> [--kid <url>] [--out <file>] [--passphrase-file <file>]

Wraps a private key so that only the vault that made the exchange key can open it. Needs no network.

  --kek              public half of the exchange key: PEM, JWK, or the answer of the vault as JSON
  --kid              its identifier with the version; not needed when the JSON has it
  --key              the private key, RSA or EC: PEM (PKCS#8, PKCS#1 or SEC 1), with a passphrase or without
  --passphrase-file  the passphrase of the private key is the first line of this file; else it is asked for
  --out              the key transfer blob; default: the name of the private key's file, ending in .byok
`;

/** Exit code 0: done, 1: refused, with one line that says why, 2: called in the wrong way. */
async function main(argv: readonly string[]): Promise<number> {
  const options = optionsOf(argv);
  if (options === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const exchangeKey = readExchangeKey(options.kek, options.kid);
    const privateKey = await readPrivateKey(options.key, passphraseSource(options['passphrase-file']));
    const blob = transferBlob(exchangeKey, privateKey);
    const out = options.out ?? `${path.parse(options.key).name}.byok`;
    save(out, `${JSON.stringify(blob, undefined, 2)}\n`);
    process.stdout.write(`${out}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

function optionsOf(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { kek: text, kid: text, key: text, out: text, 'passphrase-file': text };
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    const { kek, key, ...others } = values;
    if (positionals.join(' ') !== 'byok' || kek === undefined || key === undefined) return undefined;
    return { kek, key, ...others };
  } catch {
    return undefined;
  }
}

/** Never over a file that exists. */
function save(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw Refused.ofFile(file, error);
  }
}

process.exitCode = await main(process.argv.slice(2));
