import type { MacHash } from '@coffer/contracts';

/** HMAC with an oct key of any size (RFC 7518 3.2). */
export interface MacAlgorithm {
  readonly name: string;
  readonly hash: MacHash;
}

const rows: readonly MacAlgorithm[] = [
  { name: 'HS256', hash: 'sha256' },
  { name: 'HS384', hash: 'sha384' },
  { name: 'HS512', hash: 'sha512' },
];

/** Every algorithm of `sign` and `verify` with an oct key (azure-api c.2). */
export const macAlgorithms: ReadonlyMap<string, MacAlgorithm> = new Map(rows.map((row) => [row.name, row]));
