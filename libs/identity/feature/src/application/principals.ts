import { CofferError, newId } from '@coffer/kernel';
import type { NewPassword } from '@coffer/identity-domain';
import type { Commander } from '@coffer/wire';
import { hashSecret, hintOf, newClientSecret } from './password-hash.js';
import type { IdentityPorts } from './ports.js';
import type { PrincipalCommands } from './principal-commands.js';
import { mintPrincipalKey, openPrincipalKey } from './principal-keys.js';
import { principalByAppId, type PrincipalRow } from '../postgres/principals.js';

/** Passwords live two years unless the caller says otherwise, as in Microsoft Graph. */
const PASSWORD_LIFE_MS = 2 * 365 * 86_400_000;

/** Times outside these years have no four-digit ISO 8601 form, or none in Postgres. */
const FIRST_TIME = Date.UTC(1900, 0);
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export interface CreatePrincipal {
  readonly displayName: string;
  readonly objectId?: string;
  readonly appId?: string;
  readonly administrator?: true;
  /** A first password that the caller chose. */
  readonly secret?: string;
}

export interface PasswordRequest {
  readonly displayName?: string | undefined;
  /** ISO 8601; absent: now. */
  readonly startDateTime?: string | undefined;
  /** ISO 8601; absent: two years after the start. */
  readonly endDateTime?: string | undefined;
}

/** A password as it is shown once. */
export interface IssuedPassword {
  readonly keyId: string;
  readonly secretText: string;
  readonly startDateTime: string;
  readonly endDateTime: string;
  readonly hint: string;
  readonly displayName?: string;
}

/**
 * Creates a service principal, with a password if one is given. Throws BadParameter, Conflict. The log refuses a client id
 * that is in use too (of two creations at once), but in words that invite to try again.
 */
export async function principalCreate(
  ports: IdentityPorts,
  commands: PrincipalCommands,
  by: Commander,
  asked: CreatePrincipal,
  status: number,
): Promise<{ readonly objectId: string; readonly appId: string }> {
  const objectId = (asked.objectId ?? newId()).toLowerCase();
  const appId = (asked.appId ?? newId()).toLowerCase();
  if (asked.appId !== undefined && (await principalByAppId(ports.database, appId)) !== undefined) {
    throw new CofferError('Conflict', 'Another object with the same value for property appId already exists.');
  }
  const { objectDek, material } = await mintPrincipalKey(ports.sealer, objectId);
  const password = asked.secret === undefined ? undefined : await permanentPassword(asked.secret, by.now);
  const principal = {
    objectId,
    appId,
    displayName: asked.displayName,
    createdDateTime: new Date(by.now).toISOString(),
    ...(asked.administrator === undefined ? {} : { administrator: asked.administrator }),
  };
  const command = { type: 'CreatePrincipal', principal, ...(password === undefined ? {} : { password }) } as const;
  await commands.run(by, { objectId, command, objectDek, material: { insert: [material] } }, status);
  return { objectId, appId };
}

/** Makes a password; its text exists in the answer only. Throws BadParameter, PrincipalNotFound. */
export async function principalAddPassword(
  ports: IdentityPorts,
  commands: PrincipalCommands,
  by: Commander,
  principal: PrincipalRow,
  asked: PasswordRequest,
): Promise<IssuedPassword> {
  const secretText = newClientSecret();
  const start = asked.startDateTime === undefined ? by.now : Date.parse(asked.startDateTime);
  const end = asked.endDateTime === undefined ? start + PASSWORD_LIFE_MS : Date.parse(asked.endDateTime);
  if (start < FIRST_TIME || end > LAST_TIME) {
    throw new CofferError('BadParameter', 'Property startDateTime or endDateTime has invalid value.');
  }
  const facts = {
    keyId: newId(),
    startDateTime: new Date(start).toISOString(),
    endDateTime: new Date(end).toISOString(),
  };
  const named = asked.displayName === undefined ? {} : { displayName: asked.displayName };
  const sealed = { hash: await hashSecret(secretText), hint: hintOf(secretText), ...named };
  const objectDek = await openPrincipalKey(ports.sealer, principal);
  const command = { type: 'AddPassword', objectId: principal.objectId, password: { facts, sealed } } as const;
  await commands.run(by, { objectId: principal.objectId, command, objectDek });
  return { ...facts, secretText, hint: sealed.hint, ...named };
}

/** A password of the installation's own: it never ends. */
export async function permanentPassword(secret: string, now: number): Promise<NewPassword> {
  return {
    facts: { keyId: newId(), startDateTime: new Date(now).toISOString() },
    sealed: { hash: await hashSecret(secret), hint: hintOf(secret) },
  };
}
