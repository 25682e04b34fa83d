import { filterTerms, type RecordFilter } from '@coffer/audit-domain';
import type { SqlClient } from '@coffer/event-sourcing';
import type { SequencedRecord } from './records.js';

/** Records that share rows of the inverted index; never grows, columns and bounds count on it. */
export const MAX_BLOCK = 256;
const BYTE = 8;

/** Adds records that follow each other in the log to the inverted index: a row per term and block, with a bit per record. */
export async function insertPostings(client: SqlClient, records: readonly SequencedRecord[]): Promise<void> {
  const terms: string[] = [];
  const blocks: number[] = [];
  const carriers: string[] = [];
  for (let from = 0; from < records.length; from += MAX_BLOCK) {
    const block = records.slice(from, from + MAX_BLOCK);
    for (const [term, bits] of carriersOf(block)) {
      terms.push(term);
      blocks.push(block[0]?.index ?? 0);
      carriers.push(`x${bits.toString('hex')}`);
    }
  }
  await client.query(
    `INSERT INTO audit_postings (term, block, carriers)
     SELECT term, block, carriers::bit varying
       FROM unnest($1::text[], $2::bigint[], string_to_array($3, ',')) AS p (term, block, carriers)`,
    [terms, `{${blocks.join(',')}}`, carriers.join(',')],
  );
}

/** Which records of a block carry each term: the first one is the highest bit of the first byte. */
function carriersOf(block: readonly SequencedRecord[]): ReadonlyMap<string, Buffer> {
  const carriers = new Map<string, Buffer>();
  const bytes = Math.ceil(block.length / BYTE);
  block.forEach(({ terms }, n) => {
    const at = Math.floor(n / BYTE);
    const bit = 0x80 >> (n % BYTE);
    for (const term of terms) {
      let bits = carriers.get(term);
      if (bits === undefined) carriers.set(term, (bits = Buffer.alloc(bytes)));
      bits[at] = (bits[at] ?? 0) | bit;
    }
  });
  return carriers;
}

/** The part of a query on `audit_records r` that leaves the records which carry all the filter's terms. */
interface Postings {
  readonly from: string;
  readonly conditions: readonly string[];
  /** Columns with the first index of a block, one for each term, for the bounds of the page. */
  readonly blocks: readonly string[];
  /** Columns that put records in the log's order, in which no more blocks are read than a page needs. */
  readonly order: readonly string[];
}

/** Every record when the filter has no terms. `bind` takes a value and returns its place in the statement. */
export function joinPostings(filter: RecordFilter, bind: (value: unknown) => string): Postings {
  const terms = filterTerms(filter);
  const [first, ...others] = terms.map((_, i) => `p${i}`);
  if (first === undefined) return { from: 'audit_records r', conditions: [], blocks: [], order: ['r.log_index'] };
  const aliases = [first, ...others];
  return {
    from: [
      `audit_postings ${first}`,
      ...others.map((alias) => `JOIN audit_postings ${alias} ON ${alias}.block = ${first}.block`),
      `CROSS JOIN LATERAL generate_series(0, length(${first}.carriers) - 1) AS n`,
      `JOIN audit_records r ON r.log_index = ${first}.block + n`,
    ].join('\n'),
    conditions: [
      ...terms.map((term, i) => `p${i}.term = ${bind(term)}`),
      `get_bit(${aliases.map((alias) => `${alias}.carriers`).join(' & ')}, n) = 1`,
    ],
    blocks: aliases.map((alias) => `${alias}.block`),
    order: [`${first}.block`, 'n'],
  };
}
