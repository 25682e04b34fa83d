import type { PublicHost } from './operation.js';

/** Where the public names live: `login.`, `management.`, `audit.` and `{vault}.vault.` under one domain. */
export interface PublicNames {
  /** For example `localhost` or `local.azurestack.external`. */
  readonly domain: string;
  /** Public TLS port; left out of URLs when 443. */
  readonly port: number;
}

export type HostTarget =
  | { readonly host: 'vault'; readonly vaultName: string; readonly baseUrl: string }
  | { readonly host: Exclude<PublicHost, 'vault'>; readonly baseUrl: string };

const VAULT_LABEL = /^[a-z0-9-]{1,63}$/;

/**
 * Maps a Host header to what it addresses. Only names under the configured domain are accepted: identifiers in answers
 * are built from the result, so an unchecked header could point clients elsewhere. The header's port is ignored
 * (a forward may change it); answers carry the configured one.
 */
export class Hosts {
  readonly #suffix: string;
  readonly #vaultSuffix: string;
  readonly #port: string;
  readonly #known = new Map<string, HostTarget>();

  constructor(private readonly names: PublicNames) {
    this.#suffix = `.${names.domain}`;
    this.#vaultSuffix = `.vault.${names.domain}`;
    this.#port = names.port === 443 ? '' : `:${names.port}`;
  }

  /** `undefined` for a name that is not ours. */
  resolve(hostHeader: string | undefined): HostTarget | undefined {
    if (hostHeader === undefined) return undefined;
    const known = this.#known.get(hostHeader);
    if (known !== undefined) return known;
    const target = this.#parse(hostHeader);
    // The header is the caller's: remember only what resolved, and not without bound.
    if (target !== undefined && this.#known.size < 10_000) this.#known.set(hostHeader, target);
    return target;
  }

  url(host: Exclude<PublicHost, 'vault'>): string {
    return `https://${host}.${this.names.domain}${this.#port}`;
  }

  vaultUrl(vaultName: string): string {
    return `https://${vaultName.toLowerCase()}${this.#vaultSuffix}${this.#port}`;
  }

  /** The `resource` of a challenge: vault hosts end in `.` + this host (sdk-contract 2.2). No trailing slash. */
  get vaultResource(): string {
    return `https://vault.${this.names.domain}${this.#port}`;
  }

  #parse(hostHeader: string): HostTarget | undefined {
    const name = hostHeader.replace(/:\d{1,5}$/, '').toLowerCase();
    if (name.endsWith(this.#vaultSuffix)) {
      const vaultName = name.slice(0, -this.#vaultSuffix.length);
      return VAULT_LABEL.test(vaultName) ? { host: 'vault', vaultName, baseUrl: this.vaultUrl(vaultName) } : undefined;
    }
    if (!name.endsWith(this.#suffix)) return undefined;
    const label = name.slice(0, -this.#suffix.length);
    if (label !== 'login' && label !== 'management' && label !== 'audit') return undefined;
    return { host: label, baseUrl: this.url(label) };
  }
}
