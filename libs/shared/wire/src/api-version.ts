import { CofferError } from '@coffer/kernel';
import type { PublicHost } from './operation.js';

/** `YYYY-MM-DD` or `N.N`, with an optional preview suffix: what Azure has ever used. */
const DATED = /^(\d{4}-\d{2}-\d{2})(-preview)?$/;
const NUMBERED = /^7\.\d{1,2}(-preview(\.\d{1,2})?)?$/;
const OLDEST_DATA_PLANE = '2015-06-01';

/**
 * The `api-version` of a request; there is no default. Known and newer versions are accepted (a client of tomorrow
 * must work; versions only add), versions that never existed are not. Throws ApiVersionMissing or ApiVersionInvalid.
 */
export function parseApiVersion(host: PublicHost, value: string | undefined): string {
  if (value === undefined || value === '') throw new CofferError('ApiVersionMissing', missing(host));
  if (host === 'vault' ? isDataPlaneVersion(value) : isDated(value) || value === '1.0') return value;
  throw new CofferError('ApiVersionInvalid', invalid(host, value));
}

/**
 * Whether a version of the data plane is `7.<minor>` or later. The dated versions are 2016-10-01, the oldest of all, and those
 * that came after 7.6.
 */
export function isSince(minor: number, apiVersion: string): boolean {
  const numbered = /^7\.(\d{1,2})/.exec(apiVersion);
  return numbered === null ? !isBefore70(apiVersion) : Number(numbered[1]) >= minor;
}

/** True for 2016-10-01 and its previews. */
export function isBefore70(apiVersion: string): boolean {
  return /^201[0-8]-/.test(apiVersion);
}

function isDataPlaneVersion(value: string): boolean {
  return NUMBERED.test(value) || (isDated(value) && value >= OLDEST_DATA_PLANE);
}

function isDated(value: string): boolean {
  const date = DATED.exec(value)?.[1];
  return date !== undefined && !Number.isNaN(Date.parse(date));
}

function missing(host: PublicHost): string {
  return host === 'vault'
    ? 'The request is missing the required query parameter: api-version.'
    : 'The api-version query parameter (?api-version=) is required for all requests.';
}

function invalid(host: PublicHost, value: string): string {
  const shown = value.slice(0, 40).replace(/[^0-9A-Za-z.-]/g, '?');
  return host === 'vault'
    ? `The specified version (${shown}) is not recognized. Consider using the latest supported version (7.6).`
    : `The api-version '${shown}' is invalid. The format is 'YYYY-MM-DD' with an optional '-preview' suffix.`;
}
