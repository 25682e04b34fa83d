import { createHmac, timingSafeEqual } from 'node:crypto';
import { CofferError } from '@coffer/kernel';

const MAX_PAGE = 25;

/** One page of a list: `marker` is where the next page starts, absent on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly marker?: string;
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
    return `${request.baseUrl}${request.path}?api-version=${encodeURIComponent(request.apiVersion)}${maxresults}&$skiptoken=${token}`;
  }

  #mac(payload: string, scope: string): Buffer {
    return createHmac('sha256', this.secret).update(`${scope}\n${payload}`).digest();
  }
}
