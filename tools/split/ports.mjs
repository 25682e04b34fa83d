import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, which could take one between two looks at it. */
const FIRST = 20_000;
const LAST = 32_000;
/** Programs that two workers of Jest start at the same moment look in different places. */
const WORKERS = 2;
const EACH = (LAST - FIRST) / WORKERS;

/** Where this process looks for ports: from `first`, `count` of them. @returns {{ first: number, count: number }} */
export function portRange() {
  const worker = Number(process.env.JEST_WORKER_ID ?? 1) - 1;
  return { first: FIRST + (worker % WORKERS) * EACH, count: EACH };
}

/**
 * Gives one port after the other: from `base` on as they come, or from a random place those that are free.
 * @param {number} [base] @returns {() => Promise<number>}
 */
export function portsFrom(base) {
  if (base !== undefined) return async () => base++;
  const { first, count } = portRange();
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
