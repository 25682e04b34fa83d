import { newIncarnation, type Incarnation, type NewKey } from '@coffer/contracts';
import { retryConflicts } from '@coffer/event-sourcing';
import { defined, KeyedMutex, nameIsSoftDeleted, newObjectVersion, toUnixSeconds, type Tags } from '@coffer/kernel';
import type { ExchangeKeyName, KeyAttributes, KeyOrigin, ReleaseRequest } from '@coffer/keys-domain';
import { nameKey, type Commander } from '@coffer/wire';
import { findKey } from '../postgres/find-key.js';
import { lookUp } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { viewOfState, type KeyView } from './key-view.js';
import { sealPrivateKey } from './material.js';
import type { KeysPorts } from './ports.js';

/** What a new version of a key is to have besides the key itself. */
export interface NewVersion extends KeyAttributes, ReleaseRequest {
  readonly name: string;
  readonly keyOps?: readonly string[] | undefined;
  readonly tags?: Tags | undefined;
  readonly origin?: KeyOrigin | undefined;
  readonly wrappedBy?: ExchangeKeyName | undefined;
}

/** Hears the new version's id before it is stored. */
export type Announce = (version: string) => void;

/** Adds versions to the key that holds a name, or makes a key of a name that is free. */
export class NewVersions {
  /** Those who add to one name queue: else every one of them but the first would seal its key for nothing. */
  readonly #names = new KeyedMutex();

  constructor(
    private readonly ports: KeysPorts,
    private readonly commands: KeyCommands,
  ) {}

  /**
   * `make` is called once and only when the name can be had; what it made is destroyed in the end. Throws
   * ObjectIsDeletedButRecoverable, Conflict, what the domain refuses with, and what `make` throws.
   */
  async add(by: Commander, wanted: NewVersion, make: () => Promise<NewKey>, announce: Announce): Promise<KeyView> {
    const held = await findKey(this.ports.database, by.vaultId, nameKey(wanted.name));
    // The decision is made on the key's state below; this only saves making a key that will be refused.
    if (held?.deleted === true) throw nameIsSoftDeleted('key', wanted.name);
    const made = await make();
    try {
      return await this.#names.run(`${by.vaultId}/${nameKey(wanted.name)}`, () =>
        retryConflicts(() => this.#append(by, wanted, made, announce)),
      );
    } finally {
      made.privateKey.destroy();
    }
  }

  async #append(by: Commander, wanted: NewVersion, made: NewKey, announce: Announce): Promise<KeyView> {
    const { name, enabled, nbf, exp, keyOps, tags, origin, wrappedBy, exportable, releasePolicy } = wanted;
    const { objectId, objectDek, newRows } = await this.#incarnation(by.vaultId, name);
    const version = newObjectVersion();
    announce(version);
    const row = await sealPrivateKey(this.ports.sealer, { vaultId: by.vaultId, objectId, version }, made.privateKey);
    const { state } = await this.commands.run(by, {
      objectId,
      isNew: newRows.length > 0,
      objectDek,
      command: {
        type: 'CreateVersion',
        name,
        // Making the key may have taken longer than making a later version: the request's time would put this one before it.
        now: toUnixSeconds(this.ports.clock.now()),
        version,
        spec: made.spec,
        public: made.public,
        keyOps,
        enabled,
        ...defined({ nbf, exp }),
        tags,
        origin,
        wrappedBy,
        exportable,
        releasePolicy,
        materialId: row.materialId,
      },
      material: { insert: [...newRows, row] },
    });
    return viewOfState(state, version);
  }

  async #incarnation(vaultId: string, name: string): Promise<Incarnation> {
    const found = await lookUp(this.ports, vaultId, name);
    if (found !== undefined) return { ...found, newRows: [] };
    return newIncarnation(this.ports.sealer, vaultId);
  }
}
