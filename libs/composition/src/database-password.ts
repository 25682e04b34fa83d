import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';

/**
 * How the database at `url` is reached, with the password of a file of its own where there is one (UTF-8; white space around it
 * is not its own). Rejects when the file cannot be read.
 */
export async function databaseConnection(url: string, passwordFile: string | undefined): Promise<pg.ClientConfig> {
  if (passwordFile === undefined) return { connectionString: url };
  // Taken apart here: beside a `connectionString`, pg heeds no password, not even when the URL has none.
  return { ...parseIntoClientConfig(url), password: (await readFile(passwordFile, 'utf8')).trim() };
}
