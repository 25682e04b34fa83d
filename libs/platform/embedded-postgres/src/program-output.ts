import { EmbeddedPostgresError, type EmbeddedPostgresReason } from './errors.js';

interface Row {
  readonly pattern: RegExp;
  readonly reason: EmbeddedPostgresReason;
  readonly advice: string;
}

/** Messages of PostgreSQL 18 (always English: the server runs with LC_ALL=C) that an operator can do something about. */
const table: readonly Row[] = [
  { pattern: /No space left on device|Disk quota exceeded/, reason: 'no-space', advice: 'Free some disk space.' },
  {
    pattern: /could not look up effective user ID/,
    reason: 'no-passwd-entry',
    advice: 'The user that runs the server needs an entry in /etc/passwd.',
  },
  {
    pattern: /pre-existing shared memory block .* is still in use/,
    reason: 'previous-server-ending',
    advice: 'Processes of the previous server have not ended yet.',
  },
  {
    pattern: /lock file "postmaster\.pid" already exists/,
    reason: 'already-running',
    advice: 'Another PostgreSQL runs on this data directory.',
  },
  {
    pattern: /database files are incompatible with server/,
    reason: 'other-major-version',
    advice: 'The data directory belongs to another version of PostgreSQL.',
  },
  {
    pattern: /has wrong ownership|must be owned by|cannot be run as root/,
    reason: 'wrong-owner',
    advice: 'The data directory must belong to the user that runs the server.',
  },
  {
    pattern: /Unix-domain socket path .* is too long/,
    reason: 'socket-path-too-long',
    advice: 'Choose a data directory with a shorter path.',
  },
  {
    pattern: /error while loading shared libraries|Library not loaded|symbol lookup error/,
    reason: 'unsupported-platform',
    advice: 'The packaged PostgreSQL needs glibc and the C++ library of the system (musl is not supported).',
  },
  { pattern: /Permission denied/, reason: 'not-accessible', advice: 'Check owner and mode of the data directory.' },
];

/** Explains a failed PostgreSQL program by what it printed; `fallback` is the reason when nothing is recognised. */
export function outputError(
  what: string,
  output: string,
  fallback: EmbeddedPostgresReason,
  options?: { cause?: unknown },
): EmbeddedPostgresError {
  const row = table.find(({ pattern }) => pattern.test(output));
  const advice = row === undefined ? '' : ` ${row.advice}`;
  return new EmbeddedPostgresError(row?.reason ?? fallback, `${what}.${advice} Output: ${output.trim()}`, options);
}
