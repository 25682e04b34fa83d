import { newIncarnation, sealMaterial, type Incarnation } from '@coffer/contracts';
import { retryConflicts } from '@coffer/event-sourcing';
import {
  Batcher,
  CofferError,
  defined,
  KeyedMutex,
  nameIsSoftDeleted,
  newObjectVersion,
  toUnixSeconds,
  type SecretBytes,
  type Tags,
} from '@coffer/kernel';
import type { SecretAttributes } from '@coffer/secrets-domain';
import { nameKey, type Commander } from '@coffer/wire';
import { findSecrets, type FoundSecret, type SecretName } from '../postgres/find-secret.js';
import { openNamed } from './find-name.js';
import { secretScope, SECRET_VALUE } from './material.js';
import type { SecretsPorts } from './ports.js';
import type { SecretCommands } from './secret-commands.js';
import type { SecretView } from './secret-view.js';

export interface SetSecret extends SecretAttributes {
  readonly name: string;
  /** UTF-8; the caller destroys it. */
  readonly value: SecretBytes;
  readonly contentType?: string | undefined;
  readonly tags?: Tags | undefined;
}

/** Makes a secret, or a new version of the secret that holds the name. */
export class SecretSet {
  /** Writers of one name queue: else every creator of it but the first would seal its value for nothing. */
  readonly #names = new KeyedMutex();
  /** Look-ups of concurrent requests share their round trips, as their appends do. */
  readonly #found: Batcher<SecretName, FoundSecret | undefined>;

  constructor(
    private readonly ports: SecretsPorts,
    private readonly commands: SecretCommands,
  ) {
    this.#found = new Batcher((names) => findSecrets(ports.database, names));
  }

  /** `announce` hears the new version's id before it is stored. Throws ObjectIsDeletedButRecoverable, Conflict. */
  handle(by: Commander, request: SetSecret, announce: (version: string) => void): Promise<SecretView> {
    return this.#names.run(`${by.vaultId}/${nameKey(request.name)}`, () =>
      retryConflicts(() => this.#append(by, request, announce)),
    );
  }

  async #append(by: Commander, request: SetSecret, announce: (version: string) => void): Promise<SecretView> {
    const { name, enabled, nbf, exp, contentType, tags } = request;
    const { objectId, objectDek, newRows } = await this.#incarnation(by.vaultId, name);
    const version = newObjectVersion();
    announce(version);
    const scope = secretScope(by.vaultId, objectId, version);
    const row = await sealMaterial(this.ports.sealer, scope, request.value, SECRET_VALUE);
    const now = toUnixSeconds(by.now);
    const described = { contentType, tags };
    const attributes = { enabled, ...defined({ nbf, exp }) };
    const { materialId } = row;
    const { state } = await this.commands.run(by, {
      objectId,
      isNew: newRows.length > 0,
      objectDek,
      command: { type: 'SetVersion', name, now, version, ...attributes, ...described, materialId },
      material: { insert: [...newRows, row] },
    });
    if (state.status !== 'active') throw new CofferError('Internal', 'a secret was set and is not active');
    return {
      name: state.name,
      version,
      attributes: { ...attributes, created: now, updated: now },
      ...defined(described),
    };
  }

  async #incarnation(vaultId: string, name: string): Promise<Incarnation> {
    const found = await this.#found.ask({ vaultId, nameKey: nameKey(name) });
    // The decision is made on the secret's state; this only saves sealing a value that will be refused.
    if (found?.deleted === true) throw nameIsSoftDeleted('secret', name);
    if (found !== undefined) return { ...(await openNamed(this.ports.sealer, vaultId, found)), newRows: [] };
    return newIncarnation(this.ports.sealer, vaultId);
  }
}
