import { identityVaultId, MAX_PASSWORDS } from '@coffer/identity-domain';
import { systemCommander, type Commander } from '@coffer/wire';
import {
  firstAdministrator,
  principalByAppId,
  principalByObjectId,
  type PrincipalRow,
} from '../postgres/principals.js';
import { newClientSecret } from './password-hash.js';
import type { ClientSecrets } from './client-secrets.js';
import type { IdentityPorts } from './ports.js';
import type { PrincipalCommands } from './principal-commands.js';
import { openPrincipalKey } from './principal-keys.js';
import { permanentPassword, principalCreate } from './principals.js';

export interface Administrator {
  readonly objectId: string;
  readonly appId: string;
}

export interface AdministratorOptions {
  readonly objectId?: string;
  readonly appId?: string;
  /** Chosen by the caller, who has written it down already: a crash between creation and display loses nothing. */
  readonly secret: string;
  readonly displayName?: string;
}

const ACTOR = 'system:first-start';

/** What the installation does to its own principals: at the first start, and by the command line. */
export class IdentityAdministration {
  constructor(
    private readonly ports: IdentityPorts,
    private readonly commands: PrincipalCommands,
    private readonly secrets: ClientSecrets,
  ) {}

  /** The administrator that the first start made. */
  administrator(): Promise<Administrator | undefined> {
    return firstAdministrator(this.ports.database);
  }

  /** Creates the one administrator; `created` is false when there is one, also when another process was faster. */
  async ensureAdministrator(options: AdministratorOptions): Promise<Administrator & { readonly created: boolean }> {
    const before = await this.administrator();
    if (before !== undefined) return { ...before, created: false };
    const { displayName = 'Coffer administrator', ...given } = options;
    try {
      const made = { ...given, displayName, administrator: true } as const;
      return { ...(await principalCreate(this.ports, this.commands, this.#by(), made, 201)), created: true };
    } catch (error) {
      const other = await this.administrator();
      // Whatever stopped this attempt: another process was faster. (One that was given the same ids leaves a stream that
      // cannot be read with the DEK of this attempt, so the refusal need not be a Conflict.)
      if (other === undefined) throw error;
      return { ...other, created: false };
    }
  }

  /**
   * Gives the administrator a new secret beside the old ones, and returns it; when there is no room for another, the oldest
   * goes. Throws when there is no administrator, or it has been deleted.
   */
  async resetAdministrator(): Promise<Administrator & { readonly secret: string }> {
    const administrator = await this.administrator();
    const row =
      administrator === undefined ? undefined : await principalByObjectId(this.ports.database, administrator.objectId);
    if (administrator === undefined || row === undefined) throw new Error('This installation has no administrator.');
    await this.#makeRoom(row);
    const secret = newClientSecret();
    const objectDek = await openPrincipalKey(this.ports.sealer, row);
    const password = await permanentPassword(secret, this.ports.clock.now());
    const command = { type: 'AddPassword', objectId: row.objectId, password } as const;
    await this.commands.run(this.#by(), { objectId: row.objectId, command, objectDek });
    return { ...administrator, secret };
  }

  /** A crash behind this only leaves one password less than before. */
  async #makeRoom({ objectId, passwords }: PrincipalRow): Promise<void> {
    const [oldest] = passwords;
    if (oldest === undefined || passwords.length < MAX_PASSWORDS) return;
    const command = { type: 'RemovePassword', objectId, keyId: oldest.keyId } as const;
    await this.commands.run(this.#by(), { objectId, command });
  }

  /** Whether the secret signs the administrator in. */
  async accepts(appId: string, secret: string): Promise<boolean> {
    const row = await principalByAppId(this.ports.database, appId);
    return row !== undefined && (await this.secrets.check(row, secret)) === 'valid';
  }

  #by(): Commander {
    const { clock, region } = this.ports;
    return systemCommander(ACTOR, identityVaultId, clock.now(), region);
  }
}
