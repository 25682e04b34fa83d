import { randomBytes, randomUUID } from 'node:crypto';

/** Identifier of an object version: 32 lower-case hex digits, made by the server (azure-api, "Object id"). */
export function newObjectVersion(): string {
  return randomBytes(16).toString('hex');
}

/** One incarnation of an object, or an event, command, request: an RFC 9562 UUID (version 4). */
export function newId(): string {
  return randomUUID();
}

/**
 * An id whose text sorts by its time, so that an index over millions of them grows at its end: an RFC 9562 UUID (version 7).
 * `now`: milliseconds since the epoch. The other 74 bits are random: ids of one millisecond have no order.
 */
export function newOrderedId(now: number): string {
  const time = Math.max(0, Math.trunc(now)).toString(16).padStart(12, '0');
  // Behind its version digit one UUID is laid out as the other: the variant, and nothing but random bits.
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${randomUUID().slice('xxxxxxxx-xxxx-4'.length)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
