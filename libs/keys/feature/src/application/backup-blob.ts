import type { Sealer } from '@coffer/contracts';
import { CofferError, isCofferError, SecretBytes } from '@coffer/kernel';
import type {
  Custody,
  ExchangeKeyName,
  KeyOp,
  KeyOrigin,
  PublicJwk,
  Releasable,
  StoredRotationPolicy,
} from '@coffer/keys-domain';
import type { VaultSnapshot } from '@coffer/wire';

/** A version in a backup; times are Unix seconds. The private key stands beside it, as bytes. */
export interface BackedUpVersion extends Releasable, Custody {
  readonly version: string;
  readonly public: PublicJwk;
  readonly keyOps: readonly KeyOp[];
  readonly enabled: boolean;
  readonly nbf?: number;
  readonly exp?: number;
  readonly created: number;
  readonly updated: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly origin?: KeyOrigin;
  /** Backups of before it was kept have none. */
  readonly wrappedBy?: ExchangeKeyName;
}

export interface Backup {
  readonly name: string;
  /** Oldest first. */
  readonly versions: readonly BackedUpVersion[];
  readonly rotationPolicy?: StoredRotationPolicy;
  /** Private keys, one for each version; who holds the backup destroys them. */
  readonly privateKeys: readonly SecretBytes[];
}

const MAGIC = Buffer.from('coffer/key-backup/1\n', 'latin1');
const PURPOSE = 'backup';
/** Term and length of the wrapped DEK. */
const HEADER = 6;

/**
 * Seals a backup for the subscription and the location (Azure: geography) of a vault: nothing else can open it. The blob:
 * magic ‖ term (4, big-endian) ‖ length of the wrapped DEK (2) ‖ wrapped DEK ‖ AES-256-GCM ciphertext of `encode`.
 */
export async function sealBackup(sealer: Sealer, vault: VaultSnapshot, backup: Backup): Promise<Buffer> {
  const dek = await sealer.mint(scopeOf(vault));
  const plaintext = encode(backup);
  try {
    const header = Buffer.alloc(HEADER);
    header.writeUInt32BE(dek.wrapped.term, 0);
    header.writeUInt16BE(dek.wrapped.wrappedDek.length, 4);
    return Buffer.concat([MAGIC, header, dek.wrapped.wrappedDek, dek.encrypt(plaintext, PURPOSE)]);
  } finally {
    plaintext.fill(0);
  }
}

/** Throws BadParameter for whatever is no backup of a key out of this subscription and location. */
export async function openBackup(sealer: Sealer, vault: VaultSnapshot, blob: Buffer): Promise<Backup> {
  const header = MAGIC.length + HEADER;
  if (blob.length < header || !blob.subarray(0, MAGIC.length).equals(MAGIC)) throw notABackup();
  const term = blob.readUInt32BE(MAGIC.length);
  const end = header + blob.readUInt16BE(MAGIC.length + 4);
  try {
    const dek = await sealer.open(scopeOf(vault), { term, wrappedDek: blob.subarray(header, end) });
    const plaintext = dek.decrypt(blob.subarray(end), PURPOSE);
    try {
      return decode(plaintext.expose());
    } finally {
      plaintext.destroy();
    }
  } catch (error) {
    // A KEK of elsewhere, a changed byte: the sealer knows only that it does not fit.
    if (isCofferError(error, 'Internal')) throw notABackup();
    throw error;
  }
}

/** There is no vault of such an id: backups have KEKs of their own, which outlive the vaults. */
function scopeOf({ resourceId, location }: VaultSnapshot) {
  const subscription = resourceId.split('/')[2] ?? '';
  const vaultId = `backups/${subscription}/${location}`.toLowerCase();
  return { vaultId, kind: 'key', objectId: 'backup', version: '' } as const;
}

/** Length (4) and JSON of all but the private keys, then length (4) and bytes of each of these: no secret becomes a string. */
function encode({ privateKeys, ...facts }: Backup): Buffer {
  const parts = [Buffer.from(JSON.stringify(facts), 'utf8'), ...privateKeys.map((key) => key.expose())];
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

/** Authenticated bytes of our own: they have the form that `encode` gave them. */
function decode(plaintext: Buffer): Backup {
  const parts: Buffer[] = [];
  for (let at = 0; at < plaintext.length;) {
    const length = plaintext.readUInt32BE(at);
    parts.push(plaintext.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [facts, ...keys] = parts;
  const known = JSON.parse(facts?.toString('utf8') ?? '') as Omit<Backup, 'privateKeys'>;
  return { ...known, privateKeys: keys.map((key) => SecretBytes.copyOf(key)) };
}

/** Damaged, or of another subscription or geography; the words are Azure's. */
function notABackup(): CofferError {
  return new CofferError('BadParameter', 'Backup blob contains invalid or corrupt version.');
}
