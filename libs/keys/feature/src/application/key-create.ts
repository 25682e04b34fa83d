import { newIncarnation, sealMaterial, type Incarnation } from '@coffer/contracts';
import { retryConflicts } from '@coffer/event-sourcing';
import {
  defined,
  KeyedMutex,
  nameIsSoftDeleted,
  newObjectVersion,
  toUnixSeconds,
  type SecretBytes,
  type Tags,
} from '@coffer/kernel';
import {
  keyOpsOf,
  keySpecOf,
  type KeyAttributes,
  type KeyRequest,
  type KeySpec,
  type PublicJwk,
} from '@coffer/keys-domain';
import { nameKey, type Commander } from '@coffer/wire';
import { findKey } from '../postgres/find-key.js';
import { lookUp } from './find-name.js';
import type { KeyCommands } from './key-commands.js';
import { viewOfState, type KeyView } from './key-view.js';
import { keyScope, PRIVATE_KEY } from './material.js';
import type { KeysPorts } from './ports.js';

/** A create request whose members have the right types; what they mean is checked here and in the domain. */
export interface CreateKey extends KeyRequest, KeyAttributes {
  readonly name: string;
  readonly keyOps?: readonly string[] | undefined;
  readonly tags?: Tags | undefined;
}

interface GeneratedKey {
  readonly public: PublicJwk;
  readonly privateKey: SecretBytes;
}

/** Creates a key, or a new version of the key that holds the name. */
export class KeyCreate {
  /** Creators of one name queue: else every one of them but the first would seal its key for nothing. */
  readonly #names = new KeyedMutex();

  constructor(
    private readonly ports: KeysPorts,
    private readonly commands: KeyCommands,
  ) {}

  /**
   * `announce` hears the new version's id before it is stored. Throws BadParameter, ObjectIsDeletedButRecoverable,
   * Throttled, Conflict.
   */
  async handle(by: Commander, request: CreateKey, announce: (version: string) => void): Promise<KeyView> {
    const spec = keySpecOf(request);
    keyOpsOf(spec.kty, request.keyOps); // refuses now what would be refused after the work of generating
    const held = await findKey(this.ports.database, by.vaultId, nameKey(request.name));
    // The decision is made on the key's state below; this only saves generating a key that will be refused.
    if (held?.deleted === true) throw nameIsSoftDeleted('key', request.name);
    const generated = await this.ports.provider.generate(spec);
    try {
      return await this.#names.run(`${by.vaultId}/${nameKey(request.name)}`, () =>
        retryConflicts(() => this.#append(by, request, spec, generated, announce)),
      );
    } finally {
      generated.privateKey.destroy();
    }
  }

  async #append(
    by: Commander,
    request: CreateKey,
    spec: KeySpec,
    generated: GeneratedKey,
    announce: (version: string) => void,
  ): Promise<KeyView> {
    const { name, enabled, nbf, exp, keyOps, tags } = request;
    const { objectId, objectDek, newRows } = await this.#incarnation(by.vaultId, name);
    const version = newObjectVersion();
    announce(version);
    const scope = keyScope(by.vaultId, objectId, version);
    const row = await sealMaterial(this.ports.sealer, scope, generated.privateKey, PRIVATE_KEY);
    const { state } = await this.commands.run(by, {
      objectId,
      isNew: newRows.length > 0,
      objectDek,
      command: {
        type: 'CreateVersion',
        name,
        now: toUnixSeconds(by.now),
        version,
        spec,
        public: generated.public,
        keyOps,
        enabled,
        ...defined({ nbf, exp }),
        tags,
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
