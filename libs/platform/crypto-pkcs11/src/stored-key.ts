import type { KeySpec, PublicJwk } from '@coffer/contracts';
import { CofferError, SecretBytes } from '@coffer/kernel';
import type { Made } from './protocol.js';

/** A key of the module as its material holds it. */
export interface StoredKey extends Made {
  readonly spec: KeySpec;
  readonly public: PublicJwk;
}

const VERSION = 1;

/** Version (1 byte) ‖ length of the JSON (2, big-endian) ‖ JSON of all but the wrapped key ‖ wrapped key. Who seals it authenticates it. */
export function encodeKey({ spec, public: half, mechanism, wrappedBy, wrapped }: StoredKey): SecretBytes {
  const facts = Buffer.from(JSON.stringify({ spec, public: half, mechanism, wrappedBy }), 'utf8');
  const header = Buffer.alloc(3);
  header.writeUInt8(VERSION);
  header.writeUInt16BE(facts.length, 1);
  return SecretBytes.own(Buffer.concat([header, facts, wrapped]));
}

/** The wrapped key is copied. Throws Internal for what `encodeKey` has not made. */
export function decodeKey(bytes: SecretBytes): StoredKey {
  const all = bytes.expose();
  if (all[0] !== VERSION) throw new CofferError('Internal', 'a key of the module has an unknown form');
  const end = 3 + all.readUInt16BE(1);
  const facts = JSON.parse(all.toString('utf8', 3, end)) as Omit<StoredKey, 'wrapped'>;
  return { ...facts, wrapped: new Uint8Array(all.subarray(end)) };
}
