import { fileError } from './errors.js';
import { outputError } from './program-output.js';

describe('what a failed PostgreSQL program printed', () => {
  it.each([
    ['FATAL:  could not write lock file "postmaster.pid": No space left on device', 'no-space'],
    ['initdb: error: could not write to file "x": Disk quota exceeded', 'no-space'],
    ['initdb: error: could not look up effective user ID 12345: user does not exist', 'no-passwd-entry'],
    ['FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use', 'previous-server-ending'],
    ['FATAL:  lock file "postmaster.pid" already exists', 'already-running'],
    ['FATAL:  database files are incompatible with server', 'other-major-version'],
    ['FATAL:  data directory "/x" has wrong ownership', 'wrong-owner'],
    ['Unix-domain socket path "/x" is too long (maximum 107 bytes)', 'socket-path-too-long'],
    ['postgres: error while loading shared libraries: libstdc++.so.6', 'unsupported-platform'],
    ['initdb: error: could not access directory "/x": Permission denied', 'not-accessible'],
    ['FATAL:  something new', 'start-failed'],
  ])('"%s" is reported as %s', (output, reason) => {
    const error = outputError('PostgreSQL ended', output, 'start-failed');
    expect(error).toMatchObject({ name: 'EmbeddedPostgresError', reason });
    expect(error.message).toContain(output);
  });
});

describe('a file system error', () => {
  const failure = (code: string) => Object.assign(new Error(code), { code });

  it.each([
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EACCES', 'not-accessible'],
    ['EROFS', 'not-accessible'],
  ])('%s is reported as %s and names the place', (code, reason) => {
    expect(fileError(failure(code), '/srv/coffer')).toMatchObject({
      reason,
      message: expect.stringContaining('/srv/coffer') as string,
    });
  });

  it('of another kind passes unchanged', () => {
    const other = failure('EMFILE');
    expect(fileError(other, '/srv')).toBe(other);
  });
});
