import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { HASH_BYTES } from './merkle.js';

/** A tree head (C2SP tlog-checkpoint): what the log commits to. */
export interface Checkpoint {
  /** Names the log; the same for ever. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** A key that signs notes or verifies them (C2SP signed-note): its name, and the Ed25519 key. */
export interface NoteKey {
  readonly name: string;
  readonly key: KeyObject;
}

const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
/** DER of an Ed25519 public key before its 32 bytes (RFC 8410 §4). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const SIZE = /^(0|[1-9]\d{0,15})$/;

/** The text that is signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/** A signed note: text, blank line, one signature line per signer. `key` is an Ed25519 private key. */
export function signCheckpoint(checkpoint: Checkpoint, { name, key }: NoteKey): string {
  const text = checkpointText(checkpoint);
  const signature = Buffer.concat([keyId(name, rawPublicKey(key)), sign(null, Buffer.from(text, 'utf8'), key)]);
  return `${text}\n\u2014 ${name} ${signature.toString('base64')}\n`;
}

/** The checkpoint of a note that carries a good signature of the key. Throws SyntaxError with what is wrong. */
export function openCheckpoint(note: string, { name, key }: NoteKey): Checkpoint {
  const end = note.lastIndexOf('\n\n');
  if (end === -1) throw new SyntaxError('the checkpoint has no signature');
  const text = note.slice(0, end + 1);
  const id = keyId(name, rawPublicKey(key));
  const lines = note
    .slice(end + 2)
    .split('\n')
    .slice(0, -1);
  const signed = lines.some((line) => {
    const [, signer, encoded = ''] = /^\u2014 (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
    const bytes = Buffer.from(encoded, 'base64');
    if (signer !== name || !bytes.subarray(0, KEY_ID_BYTES).equals(id)) return false;
    return verify(null, Buffer.from(text, 'utf8'), key, bytes.subarray(KEY_ID_BYTES));
  });
  if (!signed) throw new SyntaxError(`the checkpoint carries no good signature of ${name}`);
  return parseText(text);
}

function parseText(text: string): Checkpoint {
  const [origin = '', size = '', hash = ''] = text.split('\n');
  const root = Buffer.from(hash, 'base64');
  if (origin === '' || !SIZE.test(size) || root.length !== HASH_BYTES || root.toString('base64') !== hash) {
    throw new SyntaxError('the note is no checkpoint');
  }
  return { origin, size: Number(size), root };
}

/** A verifier key as text: `<name>+<key id, 8 hex>+<base64 of 0x01 ‖ public key>`. */
export function verifierKey({ name, key }: NoteKey): string {
  const raw = rawPublicKey(key);
  const encoded = Buffer.concat([Uint8Array.of(ED25519), raw]).toString('base64');
  return `${name}+${keyId(name, raw).toString('hex')}+${encoded}`;
}

/** Throws SyntaxError for what is no Ed25519 verifier key, or has another key's id. */
export function parseVerifierKey(text: string): NoteKey {
  const [, name = '', id, encoded = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  const raw = bytes.subarray(1);
  if (bytes[0] !== ED25519 || raw.length !== HASH_BYTES || keyId(name, raw).toString('hex') !== id) {
    throw new SyntaxError('not a verifier key');
  }
  return { name, key: createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' }) };
}

/** First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key) (C2SP signed-note). */
function keyId(name: string, raw: Uint8Array): Buffer {
  return createHash('sha256')
    .update(name, 'utf8')
    .update(Uint8Array.of(0x0a, ED25519))
    .update(raw)
    .digest()
    .subarray(0, KEY_ID_BYTES);
}

function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length);
}
