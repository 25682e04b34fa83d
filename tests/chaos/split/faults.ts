import { splitState, instanceOf } from '../../support/split.js';
import { killServer } from '../../support/databases.js';
import type { RunningCoffer } from '../../support/coffer.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';

/** Something that goes wrong, and how long it stays wrong. */
export interface Fault {
  readonly name: string;
  run(): Promise<void>;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch {
    // it has just ended by itself
  }
}

/** kill -9 of one process; whoever supervises it starts it again. */
export function killing(coffer: RunningCoffer, instances: readonly string[]): Fault[] {
  return instances.map((name) => ({
    name: `kill -9 of ${name}`,
    run: () => {
      signal(instanceOf(coffer, name).pid, 'SIGKILL');
      return Promise.resolve();
    },
  }));
}

/** A process that stands still for longer than its lease, and goes on as if nothing had been. */
export function freezing(coffer: RunningCoffer, instances: readonly string[], milliseconds: number): Fault[] {
  return instances.map((name) => ({
    name: `${name} stands still for ${milliseconds} ms`,
    run: async () => {
      const { pid } = instanceOf(coffer, name);
      signal(pid, 'SIGSTOP');
      await pause(milliseconds);
      signal(pid, 'SIGCONT');
    },
  }));
}

export function killingParts(coffer: RunningCoffer): Fault[] {
  return [
    {
      name: 'kill -9 of Kafka',
      run: () => {
        signal(splitState(coffer).kafka.pid, 'SIGKILL');
        return Promise.resolve();
      },
    },
    {
      name: 'kill -9 of PostgreSQL',
      run: () => {
        try {
          killServer(coffer.dataDir);
        } catch {
          // it is being started again
        }
        return Promise.resolve();
      },
    },
  ];
}

/** A network between two parts that loses everything for a while, then delivers what it held back. */
export function partitions(proxies: Readonly<Record<string, TcpProxy>>, milliseconds: number): Fault[] {
  return Object.entries(proxies).map(([name, proxy]) => ({
    name: `partition ${name} for ${milliseconds} ms`,
    run: async () => {
      proxy.cut();
      await pause(milliseconds);
      proxy.heal();
    },
  }));
}
