/**
 * A load generator with little cost of its own, because it shares the cores with what it measures: keep-alive TLS
 * connections, one request each at a time, answers read by their Content-Length.
 */
import tls from 'node:tls';

const HEAD_END = Buffer.from('\r\n\r\n');

/** Builds the bytes of a request once. */
export function request({ method, path, host, token, body }) {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const headers = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(payload)}`]),
  ];
  return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${payload}`);
}

/** A connection that carries one request at a time. */
export async function openConnection(target) {
  const socket = tls.connect({ host: '127.0.0.1', port: target.port, servername: target.servername, ca: target.ca });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  socket.setNoDelay(true);
  let pending;
  let buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    const end = buffer.indexOf(HEAD_END);
    if (end === -1) return;
    const head = buffer.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (buffer.length < end + 4 + length) return;
    const status = Number(head.slice(9, 12));
    const body = buffer.subarray(end + 4, end + 4 + length);
    buffer = buffer.subarray(end + 4 + length);
    const done = pending;
    pending = undefined;
    done.resolve({ status, body });
  });
  socket.on('error', (error) => pending?.reject(error));
  socket.on('close', () => pending?.reject(new Error('the connection was closed')));
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject };
        socket.write(bytes);
      }),
    close: () => socket.destroy(),
  };
}

/** Requests per second over `seconds`; `next(i)` gives the bytes of the i-th request. Throws when any answer is not as expected. */
export async function load(target, { connections, seconds, warmup = 1, next, status = 200 }) {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(target)));
  let sent = 0;
  let counted = 0;
  const latencies = [];
  const begin = performance.now() + warmup * 1000;
  const end = begin + seconds * 1000;
  await Promise.all(
    open.map(async ({ send }) => {
      for (;;) {
        const started = performance.now();
        if (started >= end) return;
        const answer = await send(next(sent++));
        if (answer.status !== status)
          throw new Error(`answer ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
        const now = performance.now();
        if (started >= begin && now <= end) {
          counted += 1;
          latencies.push(now - started);
        }
      }
    }),
  );
  for (const { close } of open) close();
  latencies.sort((a, b) => a - b);
  const at = (q) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
  return { perSecond: counted / seconds, p50: at(0.5), p99: at(0.99) };
}

/** One request on a connection of its own. */
export async function once(target, bytes) {
  const { send, close } = await openConnection(target);
  try {
    return await send(bytes);
  } finally {
    close();
  }
}
