import { CofferError } from '@coffer/kernel';
import type { CryptoOp } from '@coffer/keys-domain';
import {
  commanderOf,
  objectUri,
  softDeleting,
  type HandlersOf,
  type keyOperations,
  type Reply,
  type VaultRequestContext as Context,
} from '@coffer/wire';
import type { KeyCommands } from '../application/key-commands.js';
import { keyBackup } from '../application/key-backup.js';
import { keyCreate } from '../application/key-create.js';
import type { KeyCrypto } from '../application/key-crypto.js';
import { keyDelete } from '../application/key-delete.js';
import { keyGet, keyGetDeleted } from '../application/key-get.js';
import { keyImport } from '../application/key-import.js';
import { keyList, keyListDeleted, keyListVersions } from '../application/key-list.js';
import { keyPurge } from '../application/key-purge.js';
import { keyRecover } from '../application/key-recover.js';
import { keyRestore } from '../application/key-restore.js';
import { keyRotate } from '../application/key-rotate.js';
import type { KeyTransfer } from '../application/key-transfer.js';
import { keyUpdate } from '../application/key-update.js';
import { NewVersions } from '../application/new-version.js';
import { keyRotationPolicyGet, keyRotationPolicySet } from '../application/rotation-policies.js';
import type { KeysPorts } from '../application/ports.js';
import { addressed, announcing } from './address.js';
import { parseCryptoBody } from './crypto-body.js';
import { algorithmFromWire } from './dialect.js';
import * as map from './key-mapper.js';
import type { ReleaseHandler } from './release-handler.js';
import { parseCreate, parseImport, parseRandom, parseRestore, parseUpdate } from './key-schema.js';
import { parseRotationPolicy, toRotationPolicy } from './rotation-policy-body.js';

/** `/keys` and `/deletedkeys` of a vault host. */
export class KeysController {
  readonly handlers: HandlersOf<typeof keyOperations> = {
    KeyCreate: (context, body) => this.#create(context, body),
    KeyImport: (context, body) => this.#import(context, body),
    KeyGet: (context) => this.#get(context),
    KeyUpdate: (context, body) => this.#update(context, body),
    KeyList: (context) =>
      this.ports.pager.list(
        context,
        '/keys',
        (page) => keyList(this.ports, context.vault.vaultId, page),
        (view) => map.toKeyItem(view, context),
      ),
    KeyListVersions: (context) => this.#listVersions(context),
    KeyBackup: (context) => this.#backup(context),
    KeyRestore: (context, body) => this.#restore(context, body),
    KeyRotate: (context) => this.#rotate(context),
    KeyRotationPolicyGet: (context) => this.#policyGet(context),
    KeyRotationPolicySet: (context, body) => this.#policySet(context, body),
    KeySign: (context, body) => this.#crypto(context, body, 'sign'),
    KeyVerify: (context, body) => this.#crypto(context, body, 'verify'),
    KeyEncrypt: (context, body) => this.#crypto(context, body, 'encrypt'),
    KeyDecrypt: (context, body) => this.#crypto(context, body, 'decrypt'),
    KeyWrap: (context, body) => this.#crypto(context, body, 'wrapKey'),
    KeyUnwrap: (context, body) => this.#crypto(context, body, 'unwrapKey'),
    KeyRelease: (context, body) => this.release.handle(context, body),
    KeyGetAttestation: (context) => this.#attestation(context),
    RandomBytesGet: (_context, body) =>
      Promise.resolve({ body: { value: this.ports.provider.randomBytes(parseRandom(body)).toString('base64url') } }),
    KeyDelete: (context) => this.#delete(context),
    KeyListDeleted: (context) =>
      this.ports.pager.list(
        context,
        '/deletedkeys',
        (page) => keyListDeleted(this.ports, softDeleting(context.vault), page),
        (view) => map.toDeletedKeyItem(view, context),
      ),
    KeyGetDeleted: (context) => this.#getDeleted(context),
    KeyPurge: (context) => this.#purge(context),
    KeyRecover: (context) => this.#recover(context),
  };
  readonly #versions: NewVersions;

  constructor(
    private readonly ports: KeysPorts,
    private readonly commands: KeyCommands,
    private readonly keyCrypto: KeyCrypto,
    private readonly transfers: KeyTransfer,
    private readonly release: ReleaseHandler,
  ) {
    this.#versions = new NewVersions(ports, commands);
  }

  async #create(context: Context, body: unknown): Promise<Reply> {
    const { name } = addressed(context);
    const request = parseCreate(body, name, context.apiVersion);
    const announce = announcing(context, name);
    const view = await keyCreate(this.ports.provider, this.#versions, commanderOf(context), request, announce);
    return { body: map.toKeyBundle(view, context) };
  }

  async #import(context: Context, body: unknown): Promise<Reply> {
    const { name } = addressed(context);
    const { apiVersion, baseUrl, audit } = context;
    const request = parseImport(body, name, apiVersion, baseUrl);
    if ('transfer' in request.brought) {
      const { wrappedBy } = request.brought.transfer;
      audit.describe({ properties: { wrappedBy: objectUri(baseUrl, 'keys', wrappedBy.name, wrappedBy.version) } });
    }
    const ports = { provider: this.ports.provider, versions: this.#versions, transfers: this.transfers };
    const view = await keyImport(ports, commanderOf(context), request, announcing(context, name));
    return { body: map.toKeyBundle(view, context) };
  }

  async #get(context: Context): Promise<Reply> {
    const { name, version } = addressed(context);
    return { body: map.toKeyBundle(await keyGet(this.ports, context.vault.vaultId, name, version), context) };
  }

  async #update(context: Context, body: unknown): Promise<Reply> {
    const { name, version } = addressed(context);
    const request = parseUpdate(body, name, version, context.apiVersion);
    const view = await keyUpdate(this.ports, this.commands, commanderOf(context), request);
    return { body: map.toKeyBundle(view, context) };
  }

  async #backup(context: Context): Promise<Reply> {
    const { name } = addressed(context);
    return { body: { value: (await keyBackup(this.ports, context.vault, name)).toString('base64url') } };
  }

  async #restore(context: Context, body: unknown): Promise<Reply> {
    const { vault, baseUrl, audit } = context;
    const blob = parseRestore(body);
    const view = await keyRestore(this.ports, this.commands, commanderOf(context), vault, blob, (name) => {
      audit.describe({ id: objectUri(baseUrl, 'keys', name) });
    });
    return { body: map.toKeyBundle(view, context) };
  }

  async #rotate(context: Context): Promise<Reply> {
    const { name } = addressed(context);
    const view = await keyRotate(this.ports, this.commands, commanderOf(context), name, announcing(context, name));
    return { body: map.toKeyBundle(view, context) };
  }

  async #policyGet(context: Context): Promise<Reply> {
    const { name } = addressed(context);
    const policy = await keyRotationPolicyGet(this.ports, context.vault.vaultId, name);
    return { body: toRotationPolicy(policy, context) };
  }

  async #policySet(context: Context, body: unknown): Promise<Reply> {
    const { name } = addressed(context);
    const request = parseRotationPolicy(body);
    const policy = await keyRotationPolicySet(this.ports, this.commands, commanderOf(context), name, request);
    return { body: toRotationPolicy(policy, context) };
  }

  /** Throws BadParameter: what could vouch for a key is a hardware security module. */
  async #attestation(context: Context): Promise<Reply> {
    const { name, version } = addressed(context);
    const { hsm } = await keyGet(this.ports, context.vault.vaultId, name, version);
    throw new CofferError(
      'BadParameter',
      hsm === true
        ? 'The hardware security module that holds the key attests no keys.'
        : 'Key attestation is available only for keys in a hardware security module.',
    );
  }

  async #delete(context: Context): Promise<Reply> {
    const { name } = addressed(context);
    const view = await keyDelete(this.ports, this.commands, commanderOf(context), context.vault, name);
    return { body: map.toDeletedKeyBundle(view, context) };
  }

  async #getDeleted(context: Context): Promise<Reply> {
    const { name } = addressed(context);
    return { body: map.toDeletedKeyBundle(await keyGetDeleted(this.ports, context.vault.vaultId, name), context) };
  }

  async #recover(context: Context): Promise<Reply> {
    const { name } = addressed(context);
    const view = await keyRecover(this.ports, this.commands, commanderOf(context), name);
    return { body: map.toKeyBundle(view, context) };
  }

  async #purge(context: Context): Promise<Reply> {
    const { name } = addressed(context);
    await keyPurge(this.ports, this.commands, commanderOf(context), context.vault, name);
    return {};
  }

  #listVersions(context: Context): Promise<Reply> {
    const { name } = addressed(context);
    return this.ports.pager.list(
      context,
      `/keys/${name}/versions`,
      (page) => keyListVersions(this.ports, context.vault.vaultId, name, page),
      (view) => map.toKeyVersionItem(view, context),
    );
  }

  async #crypto(context: Context, body: unknown, op: CryptoOp): Promise<Reply> {
    const { baseUrl, audit, now, apiVersion, vault } = context;
    const address = addressed(context);
    const input = parseCryptoBody(body, op === 'verify');
    audit.describe({ properties: { algorithm: input.alg } });
    const alg = algorithmFromWire(apiVersion, input.alg);
    const result = await this.keyCrypto.run(op, { ...input, ...address, alg, vaultId: vault.vaultId, now });
    const kid = objectUri(baseUrl, 'keys', result.name, result.version);
    audit.describe({ id: kid });
    return { body: op === 'verify' ? result.output : { kid, ...result.output } };
  }
}
