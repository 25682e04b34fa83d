import { readFileSync } from 'node:fs';

/** What the user can put right; the message is for him, and says nothing of the key. */
export class Refused extends Error {
  static ofFile(file: string, error: unknown): Refused {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    const why = REASONS[code] ?? `the system says ${code}`;
    return new Refused(`${file}: ${why}.`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'access is denied',
  EISDIR: 'this is a directory',
  EEXIST: 'the file exists already; it is not overwritten',
};

/** Far more than any key in PEM takes. */
const MAX_BYTES = 65_536;

/** Throws Refused. */
export function readBounded(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw Refused.ofFile(file, error);
  }
  if (bytes.length > MAX_BYTES) throw new Refused(`${file}: the file is too long for a key.`);
  return bytes;
}
