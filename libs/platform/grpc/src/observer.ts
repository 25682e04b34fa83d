/** Told of calls between services, for metrics and traces; must not throw. */
export interface CallObserver {
  /**
   * A call has ended, or one attempt of a call that is repeated. `direction`: `client` for calls that leave this process.
   * `method`: full path, `/package.Service/Method`. `code`: gRPC status.
   */
  called?(direction: 'client' | 'server', method: string, code: number, milliseconds: number): void;
  /** Adds what travels with a call (`traceparent`); called before a call leaves. */
  inject?(headers: Record<string, string>): void;
  /** Runs the method of a call that has arrived in the context that `header` (`traceparent`, …) tells of. */
  within?(method: string, header: (name: string) => string | undefined, work: () => void): void;
}
