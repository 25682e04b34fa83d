import { execFileSync } from 'node:child_process';

/** How `openssl speed` prints the rates: signatures, then verifications. */
const rates = {
  rsa2048: /rsa\s+2048 bits\s+\S+s\s+\S+s\s+([\d.]+)\s+([\d.]+)/,
  ecdsap256: /256 bits ecdsa \(nistp256\)\s+\S+s\s+\S+s\s+([\d.]+)\s+([\d.]+)/,
};

/**
 * Signatures, or verifications, per second by `openssl speed`; undefined where there is no openssl command. `name`: a key of `rates`. It counts CPU
 * time of one process, but the clock, and all of them together, for a number of `processes`.
 */
export function opensslSpeed(name, { seconds = 3, processes, verify = false } = {}) {
  const multi = processes === undefined ? [] : ['-multi', String(processes)];
  try {
    const text = execFileSync('openssl', ['speed', '-seconds', String(seconds), ...multi, name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number(rates[name].exec(text)?.[verify ? 2 : 1]);
  } catch {
    return undefined;
  }
}
