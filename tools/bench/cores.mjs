import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Lets a process, with all its threads, run on these cores alone (Linux): `0`, `1-3`. */
export function pin(pid, cores) {
  execFileSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' });
}

/** The process and those that it has started itself. */
export function withChildren(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return [pid, ...children.filter((child) => child !== '')];
}
