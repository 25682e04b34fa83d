import {
  consistencyProof,
  entryBundle,
  HASH_BYTES,
  inclusionProof,
  parseTilePath,
  subtreesIn,
  TILE_WIDTH,
  treeHash,
  verifierKey,
  type NoteKey,
  type TileId,
} from '@coffer/audit-domain';
import { CofferError } from '@coffer/kernel';
import type { auditTreeOperations, HandlersOf, Reply, RequestContext } from '@coffer/wire';
import type { AuditPorts } from '../application/ports.js';
import * as sql from '../postgres/tree.js';
import { parseProofQuery } from './proof-query.js';

const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';
/** A full tile never changes. */
const FOR_EVER = { 'cache-control': 'max-age=31536000, immutable' };

/** The verifiable log on the `audit.` host: tiles, tree heads and proofs (C2SP tlog-tiles, RFC 6962). */
export class TreeController {
  readonly handlers: HandlersOf<typeof auditTreeOperations> = {
    AuditCheckpointGet: (context) => this.#checkpoint(context),
    AuditTileGet: (context) => this.#tile(context),
    AuditInclusionProofGet: (context) => this.#inclusion(context),
    AuditConsistencyProofGet: (context) => this.#consistency(context),
    AuditVerifierKeyGet: () =>
      Promise.resolve({ bytes: { type: TEXT, content: Buffer.from(`${verifierKey(this.signer)}\n`) } }),
  };

  constructor(
    private readonly ports: Pick<AuditPorts, 'database'>,
    private readonly signer: NoteKey,
  ) {}

  async #checkpoint({ audit, baseUrl }: RequestContext): Promise<Reply> {
    audit.describe({ id: `${baseUrl}/checkpoint` });
    const head = await sql.selectLastHead(this.ports.database);
    if (head === undefined) throw new CofferError('ResourceNotFound', 'No tree head has been published yet.');
    return { bytes: { type: TEXT, content: Buffer.from(head.note, 'utf8') } };
  }

  async #tile({ params }: RequestContext): Promise<Reply> {
    const tile = parseTilePath(`tile/${params['*'] ?? ''}`);
    const content = tile === undefined ? undefined : await this.#contentOf(tile);
    if (content === undefined) throw new CofferError('ResourceNotFound', 'The log has no such tile.');
    const headers = tile?.width === TILE_WIDTH ? FOR_EVER : {};
    return { bytes: { type: BYTES, content }, headers };
  }

  async #contentOf({ level, index, width }: TileId): Promise<Buffer | undefined> {
    const { database } = this.ports;
    if (level !== 'entries') {
      const hashes = await sql.selectTile(database, level, index);
      return hashes === undefined || hashes.length < width * HASH_BYTES
        ? undefined
        : hashes.subarray(0, width * HASH_BYTES);
    }
    const entries = await sql.selectEntries(database, index * TILE_WIDTH, index * TILE_WIDTH + width);
    return entries.length < width ? undefined : entryBundle(entries);
  }

  async #inclusion({ query }: RequestContext): Promise<Reply> {
    const { database } = this.ports;
    const asked = parseProofQuery(query, ['index', 'recordId', 'treeSize']);
    const size = await this.#knownSize(asked.treeSize);
    const index = asked.recordId === undefined ? asked.index : await sql.indexOfRecord(database, asked.recordId);
    if (index === undefined) throw new CofferError('ResourceNotFound', 'The log has no such record.');
    if (index >= size) throw new CofferError('ResourceNotFound', 'The record is not in a tree of this size yet.');
    const subtree = subtreesIn(sql.tileReader(database));
    const [proof, root] = await Promise.all([inclusionProof(index, size, subtree), treeHash(size, subtree)]);
    return { body: { index, treeSize: size, rootHash: base64(root), hashes: proof.map(base64) } };
  }

  async #consistency({ query }: RequestContext): Promise<Reply> {
    const { from, to } = parseProofQuery(query, ['from', 'to']);
    const size = await this.#knownSize(to);
    if (from === undefined || from < 1 || from > size) {
      throw new CofferError('BadParameter', `Query parameter from has invalid value\r\nMust be from 1 to ${size}.`);
    }
    const proof = await consistencyProof(from, size, subtreesIn(sql.tileReader(this.ports.database)));
    return { body: { from, to: size, hashes: proof.map(base64) } };
  }

  /** The size that was asked for, if a tree of this size was published or could be; that of the last head by default. */
  async #knownSize(asked: number | undefined): Promise<number> {
    const last = (await sql.selectLastHead(this.ports.database))?.size ?? 0;
    if (asked !== undefined && asked > last)
      throw new CofferError('ResourceNotFound', 'No tree of this size is published.');
    return asked ?? last;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
