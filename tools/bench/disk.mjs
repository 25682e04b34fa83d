/** What the disk below the database takes by itself for what each commit waits for. */
import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PAGE = Buffer.alloc(16 * 1024, 1);
const PAGES = 1024;

/**
 * Writes pages into a file that has its size already, as PostgreSQL does into its log, each followed by fdatasync(2), for
 * `seconds`; sorted milliseconds.
 */
export async function syncTimes(directory, seconds) {
  const path = join(directory, 'sync-times');
  const file = openSync(path, 'w');
  const times = [];
  try {
    for (let i = 0; i < PAGES; i += 1) writeSync(file, PAGE, 0, PAGE.length, i * PAGE.length);
    fsyncSync(file);
    const end = performance.now() + seconds * 1000;
    for (let i = 0; performance.now() < end; i += 1) {
      const began = performance.now();
      writeSync(file, PAGE, 0, PAGE.length, (i % PAGES) * PAGE.length);
      fdatasyncSync(file);
      times.push(performance.now() - began);
      await pause(1);
    }
  } finally {
    closeSync(file);
    rmSync(path);
  }
  return times.sort((a, b) => a - b);
}
