import { status } from '@grpc/grpc-js';

export interface BegunCall {
  /** A stream that lasts as long as the caller wishes; a server that stops does not wait for it. */
  readonly stays: boolean;
  /** Milliseconds after which the call is ended. */
  readonly limit?: number | undefined;
  /** Ends the call from here. */
  readonly end: (code: status, details: string) => void;
  /** Called once, with the gRPC status. */
  readonly onEnd: (code: status, milliseconds: number) => void;
}

/** The calls that a server is working on. */
export class ActiveCalls {
  readonly #staying = new Set<() => void>();

  /** Returns what notes that the call has ended; only its first use counts. */
  begin({ stays, limit, end, onEnd }: BegunCall): (code: status) => void {
    const began = performance.now();
    const late = () => {
      end(status.DEADLINE_EXCEEDED, 'The call took too long.');
    };
    const stop = () => {
      end(status.UNAVAILABLE, 'This instance stops.');
    };
    const timer = limit === undefined ? undefined : setTimeout(late, limit).unref();
    if (stays) this.#staying.add(stop);
    let over = false;
    return (code) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      this.#staying.delete(stop);
      onEnd(code, performance.now() - began);
    };
  }

  /** Ends the streams that would stay: their callers go to another instance at once. */
  endStaying(): void {
    for (const stop of [...this.#staying]) stop();
  }
}
