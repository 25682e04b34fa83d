import { systemClock, type Clock } from '@coffer/kernel';
import { loadPair, type LoadedPair, type TlsPaths } from './key-pair.js';
import type { ServerTlsOptions } from './tls-options.js';

export interface WatchOptions {
  /** How often the files are read, milliseconds; default 5,000. Reading works also where change notices do not (network disks, mounted secrets). */
  readonly intervalMilliseconds?: number;
  /** Told once about each new pair that cannot be used; the old one stays. */
  readonly onError?: (error: unknown) => void;
}

/** The server's certificate and key from files, replaceable without a restart. */
export class TlsSource {
  #pair: LoadedPair;
  #loading: Promise<boolean> | undefined;
  readonly #listeners = new Set<(options: ServerTlsOptions) => void>();

  private constructor(
    private readonly paths: TlsPaths,
    private readonly clock: Clock,
    pair: LoadedPair,
  ) {
    this.#pair = pair;
  }

  /** Loads the files. Throws TlsError when they cannot be read, do not fit each other, or are not valid now. */
  static async open(paths: TlsPaths, clock: Clock = systemClock): Promise<TlsSource> {
    return new TlsSource(paths, clock, await loadPair(paths, clock));
  }

  /** Options for `https.createServer`, `tls.createServer` or Fastify's `https`. */
  get options(): ServerTlsOptions {
    return this.#pair.options;
  }

  /** SHA-256 of the certificate in use, lower-case hex. */
  get fingerprint(): string {
    return this.#pair.fingerprint;
  }

  /** End of validity of the certificate in use, milliseconds since the Unix epoch. */
  get notAfter(): number {
    return this.#pair.notAfter;
  }

  /**
   * Reads the files again, e.g. on SIGHUP. True when they hold another pair, which watchers have been given by then. Throws TlsError and
   * keeps the old pair when the new one cannot be used.
   */
  reload(): Promise<boolean> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /**
   * Calls `onReload` with the options of every new pair, by `reload` or because the files changed:
   * `source.watch((options) => server.setSecureContext(options))`. Established connections stay. Returns the end of watching.
   */
  watch(onReload: (options: ServerTlsOptions) => void, options: WatchOptions = {}): () => void {
    this.#listeners.add(onReload);
    const report = onceInARow(options.onError ?? (() => undefined));
    const timer = setInterval(() => {
      this.reload().then(report.forget, report.failed);
    }, options.intervalMilliseconds ?? 5_000);
    timer.unref();
    return () => {
      clearInterval(timer);
      this.#listeners.delete(onReload);
    };
  }

  async #load(): Promise<boolean> {
    const next = await loadPair(this.paths, this.clock);
    const { cert, key } = this.#pair.options;
    if (next.options.cert.equals(cert) && next.options.key.equals(key)) return false;
    this.#pair = next;
    for (const listener of this.#listeners) listener(next.options);
    return true;
  }
}

/**
 * Reports a failure when it is met a second time in a row, and then no more until it changes: the first may only be the
 * moment between the replacement of the certificate and that of its key.
 */
function onceInARow(report: (error: unknown) => void) {
  let last = '';
  let times = 0;
  return {
    forget: () => {
      times = 0;
    },
    failed: (error: unknown) => {
      const text = String(error);
      times = text === last ? times + 1 : 1;
      last = text;
      if (times === 2) report(error);
    },
  };
}
