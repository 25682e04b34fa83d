import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POM = fileURLToPath(new URL('./pom.xml', import.meta.url));
const VERSION = '4.4.0';

/** Something that a local broker needs is not on this machine; the message says what, and how to get it. */
export class MissingError extends Error {
  name = 'MissingError';
}

/** The directory of Kafka's jars, fetched by Maven once per machine. Throws MissingError. @returns {Promise<string>} */
export async function kafkaJars() {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache');
  const directory = path.join(cache, 'coffer', `kafka-${VERSION}`);
  if (existsSync(directory)) return directory;
  await needs('mvn', ['-v'], 'Apache Maven (Debian: apt-get install maven)');
  // Another process may do the same: whoever is first to rename wins.
  const partial = `${directory}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    await copyFile(POM, path.join(partial, 'pom.xml'));
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs'], { cwd: partial });
    await rename(partial, directory).catch((error) => {
      if (!existsSync(directory)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return directory;
}

/** Throws MissingError unless the command runs. */
export async function needs(command, args, what) {
  try {
    await run(command, args);
  } catch {
    throw new MissingError(
      `Kafka cannot be started here: ${what} is missing. Install it, start a Docker engine, or set KAFKA_BROKERS.`,
    );
  }
}
