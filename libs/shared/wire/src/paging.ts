import { createHmac, timingSafeEqual } from 'node:crypto';
import { CofferError } from '@coffer/kernel';
import type { Reply, VaultRequestContext } from './request-context.js';

const MAX_PAGE = 25;

/** One page of a list: `marker` is where the next page starts, absent on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly marker?: string;
}

/** Where a page begins (`marker` of the page before) and how many items it may hold. */
export interface PageRequest {
  readonly marker: string | undefined;
  readonly size: number;
}

/** A page out of up to `size + 1` rows: one more than the page says that another follows. */
export function pageOf<T>(rows: readonly T[], size: number, markerOf: (row: T) => string): Page<T> {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return rows.length > size && last !== undefined ? { items, marker: markerOf(last) } : { items };
}

/**
 * Paging of data-plane lists (azure-api 0.3). The skiptoken is opaque and bound by HMAC-SHA-256 to vault and
 * collection, so it can be neither read as an oracle across vaults nor edited.
 */
export class Pager {
  /** `secret`: 32 bytes, the same on every instance of a service. */
  constructor(private readonly secret: Uint8Array) {}

  /** `maxresults`, 1 to 25, default 25. Throws BadParameter. */
  pageSize(query: Readonly<Record<string, string | undefined>>): number {
    const text = query['maxresults'];
    if (text === undefined) return MAX_PAGE;
    const size = Number(text);
    if (!/^\d{1,9}$/.test(text) || size < 1 || size > MAX_PAGE) {
      throw new CofferError(
        'BadParameter',
        `Property  has invalid value\r\nmaxresults must be between 1 and ${MAX_PAGE}.`,
      );
    }
    return size;
  }

  /** Marker of the request's `$skiptoken`, if any. Throws BadParameter when it is not one of ours for this list. */
  marker(query: Readonly<Record<string, string | undefined>>, scope: string): string | undefined {
    const token = query['$skiptoken'];
    if (token === undefined || token === '') return undefined;
    const [payload, mac] = token.split('.');
    if (payload !== undefined && mac !== undefined) {
      const given = Buffer.from(mac, 'base64url');
      const expected = this.#mac(payload, scope);
      if (given.length === expected.length && timingSafeEqual(given, expected)) {
        return Buffer.from(payload, 'base64url').toString('utf8');
      }
    }
    throw new CofferError('BadParameter', 'The skiptoken is invalid.');
  }

  /** Answers one page of a vault's list; `path` is the list's own path. Throws BadParameter. */
  async list<T>(
    context: VaultRequestContext,
    path: string,
    read: (request: PageRequest) => Promise<Page<T>>,
    toItem: (item: T) => unknown,
  ): Promise<Reply> {
    const { query, vault } = context;
    const scope = `${vault.vaultId}${path.toLowerCase()}`;
    const page = await read({ marker: this.marker(query, scope), size: this.pageSize(query) });
    return { body: this.toWire(page, { ...context, path, scope }, toItem) };
  }

  /** `{value, nextLink}` of a page; `path` starts with `/`, `nextLink` is absolute and repeats api-version and maxresults. */
  toWire<T>(
    page: Page<T>,
    request: {
      baseUrl: string;
      path: string;
      apiVersion: string;
      scope: string;
      query: Readonly<Record<string, string | undefined>>;
    },
    map: (item: T) => unknown,
  ): { value: unknown[]; nextLink: string | null } {
    return {
      value: page.items.map(map),
      nextLink: page.marker === undefined ? null : this.#nextLink(page.marker, request),
    };
  }

  #nextLink(
    marker: string,
    request: {
      baseUrl: string;
      path: string;
      apiVersion: string;
      scope: string;
      query: Readonly<Record<string, string | undefined>>;
    },
  ): string {
    const payload = Buffer.from(marker, 'utf8').toString('base64url');
    const token = `${payload}.${this.#mac(payload, request.scope).toString('base64url')}`;
    const max = request.query['maxresults'];
    const maxresults = max === undefined ? '' : `&maxresults=${max}`;
    // Hosts with one version of their interface need none.
    const version = request.apiVersion === '' ? '' : `api-version=${encodeURIComponent(request.apiVersion)}&`;
    return `${request.baseUrl}${request.path}?${version}$skiptoken=${token}${maxresults}`;
  }

  #mac(payload: string, scope: string): Buffer {
    return createHmac('sha256', this.secret).update(`${scope}\n${payload}`).digest();
  }
}
