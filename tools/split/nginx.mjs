import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MissingError } from '../kafka/jars.mjs';

const run = promisify(execFile);

/** The nginx of this machine. Throws MissingError. @returns {Promise<string>} */
export async function findNginx() {
  for (const command of ['nginx', '/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx']) {
    try {
      await run(command, ['-v']);
      return command;
    } catch {
      // the next one
    }
  }
  throw new MissingError('The edge cannot be started here: nginx is missing (Debian: apt-get install nginx-light).');
}
