import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, which could take one between two looks at it. */
const FIRST = 20_000;
const LAST = 32_000;

/** Gives one port after the other: from `base` on as they come, or from a random place those that are free. */
export function portsFrom(base) {
  if (base !== undefined) return async () => base++;
  let port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
  return async () => {
    do port = port + 1 < LAST ? port + 1 : FIRST;
    while (!(await isFree(port)));
    return port;
  };
}

async function isFree(port) {
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
