import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP forward that can stop forwarding, as a network that loses packets does: connections stay open and silent. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #cut = false;

  private constructor(private readonly target: () => number | string) {
    this.#server = createServer({ pauseOnConnect: false }, (client) => {
      this.#forward(client);
    });
  }

  /** Forwards to a port of 127.0.0.1, or the path of a socket, which is asked for at each connection. */
  static async start(target: () => number | string, port = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nothing passes any more in either direction. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What was held back is delivered, late. */
  heal(): void {
    this.#cut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Breaks every connection. */
  reset(): void {
    // A socket of the file system knows no reset.
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.reset();
    await once(this.#server, 'close');
  }

  #forward(client: Socket): void {
    const target = this.target();
    const server = typeof target === 'string' ? connect(target) : connect(target, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => to.write(chunk));
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#cut) from.pause();
    }
  }
}
