/** Ends with 0 when the service in this container says that it can work. */
try {
  const response = await fetch('http://127.0.0.1:9090/readyz', { signal: AbortSignal.timeout(2_000) });
  process.exitCode = response.ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
