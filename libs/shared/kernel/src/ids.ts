import { randomBytes, randomUUID } from 'node:crypto';

/** Identifier of an object version: 32 lower-case hex digits, made by the server (azure-api, "Object id"). */
export function newObjectVersion(): string {
  return randomBytes(16).toString('hex');
}

/** One incarnation of an object, or an event, command, request: an RFC 9562 UUID (version 4). */
export function newId(): string {
  return randomUUID();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
