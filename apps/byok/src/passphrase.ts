import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { readBounded, Refused } from './refused.js';

/** Gives the passphrase of a file; who asked wipes it. */
export type PassphraseSource = (keyFile: string) => Promise<Buffer>;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The first line of a file, or else what is typed, which is not shown. */
export function passphraseSource(file: string | undefined): PassphraseSource {
  return file === undefined ? ask : () => Promise.resolve(firstLine(file));
}

function firstLine(file: string): Buffer {
  const bytes = readBounded(file);
  const feed = bytes.indexOf(LINE_FEED);
  const end = feed === -1 ? bytes.length : feed;
  return bytes.subarray(0, bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
}

async function ask(keyFile: string): Promise<Buffer> {
  if (!process.stdin.isTTY) {
    throw new Refused(`${keyFile}: the key has a passphrase, and there is no terminal: give --passphrase-file.`);
  }
  process.stderr.write(`Passphrase of ${keyFile}: `);
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      lines.once('line', (line) => {
        resolve(Buffer.from(line, 'utf8'));
      });
      // Ctrl+C, Ctrl+D, or a terminal that went away.
      lines.once('close', () => {
        reject(new Refused('No passphrase was given.'));
      });
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
