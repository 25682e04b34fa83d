import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * Below the ports that systems give to outgoing connections, which could take one between two looks at it. What a spec keeps
 * for later, as the port of a program that it is about to start, lies apart from what that program chooses itself.
 */
const RANGES = { programs: { first: 20_000, count: 12_000 }, specs: { first: 10_000, count: 10_000 } };
/** Two workers of Jest look in different places, with all that they start. */
const WORKERS = 2;

/**
 * Where this process looks for ports: from `first`, `count` of them.
 * @param {keyof typeof RANGES} [whose] @returns {{ first: number, count: number }}
 */
export function portRange(whose = 'programs') {
  const worker = (Number(process.env.JEST_WORKER_ID ?? 1) - 1) % WORKERS;
  const { first, count } = RANGES[whose];
  return { first: first + (worker * count) / WORKERS, count: count / WORKERS };
}

/**
 * Gives one port after the other: from `base` on as they come, or from a random place those that are free.
 * @param {number} [base] @param {{ first: number, count: number }} [range] @returns {() => Promise<number>}
 */
export function portsFrom(base, { first, count } = portRange()) {
  if (base !== undefined) return async () => base++;
  let port = first + Math.floor(Math.random() * count);
  return async () => {
    do port = port + 1 < first + count ? port + 1 : first;
    while (!(await isFree(port)));
    return port;
  };
}

/** Whether nobody listens on a port of 127.0.0.1. @param {number} port @returns {Promise<boolean>} */
export async function isFree(port) {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Resolves when something accepts connections on the port of 127.0.0.1. */
export async function untilListening(port) {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      socket.destroy();
    }
  }
}
