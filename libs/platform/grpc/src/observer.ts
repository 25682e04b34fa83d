/** Told of calls between services, for metrics and traces; must not throw. */
export interface CallObserver {
  /**
   * A call has ended, or one attempt of a call that is repeated. `direction`: `client` for calls that leave this process.
   * `method`: full path, `/package.Service/Method`. `code`: gRPC status.
   */
  called?(direction: 'client' | 'server', method: string, code: number, milliseconds: number): void;
  /** A call leaves, or one attempt of it: what travels with it (`traceparent`), and who is told of its end. */
  leaves?(method: string): LeavingCall;
  /** A call has arrived, with what `header` (`traceparent`, …) tells of. */
  arrives?(method: string, header: (name: string) => string | undefined): ArrivingCall;
}

export interface LeavingCall {
  readonly headers: Readonly<Record<string, string>>;
  end(code: number): void;
}

export interface ArrivingCall {
  /** Runs what is done for the call. */
  within(work: () => void): void;
  end(code: number): void;
}
