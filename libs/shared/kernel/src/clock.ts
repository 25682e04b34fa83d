/** Time as a port, so that deciders stay pure and tests can move it. */
export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch (UTC). May jump, also backwards. */
  now(): number;
  /** Milliseconds that never go backwards; only differences mean anything. For leases and durations. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Milliseconds → the wire's IntDate: whole seconds since the Unix epoch (RFC 7519 NumericDate without fraction). */
export function toUnixSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
