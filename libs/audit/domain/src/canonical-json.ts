/**
 * The canonical form of a JSON value: JSON Canonicalization Scheme, RFC 8785. Members sorted by UTF-16 code units,
 * numbers and strings as ECMAScript writes them, no white space. Equal records give equal bytes (UTF-8 of the result),
 * whoever serialised them before; the audit log's leaf hashes will be taken over these bytes.
 *
 * Members that are `undefined` are left out, as `JSON.stringify` does. Throws TypeError for what JSON cannot hold:
 * NaN and infinities, lone surrogates (RFC 8785 §3.2.2.2), bigint, functions, and objects that are not plain.
 */
export function canonicalJson(value: unknown): string {
  // Records come in this order already: then the engine's own writer does it, several times faster.
  return isOrdered(value) ? JSON.stringify(value) : written(value);
}

/** True when `JSON.stringify` writes the value's canonical form: nothing to sort, to leave out or to refuse. */
function isOrdered(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed();
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return true;
    case 'object':
      return value === null || (Array.isArray(value) ? isOrderedArray(value) : isOrderedObject(value));
    default:
      return false;
  }
}

function isOrderedArray(items: readonly unknown[]): boolean {
  if (writesItself(items)) return false;
  // Not `every`, which passes over holes.
  for (const item of items) if (!isOrdered(item)) return false;
  return true;
}

function isOrderedObject(value: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype || writesItself(value)) return false;
  const members = value as Readonly<Record<string, unknown>>;
  let last: string | undefined;
  for (const name in members) {
    if (last !== undefined && name <= last) return false;
    last = name;
    if (!name.isWellFormed() || !isOrdered(members[name])) return false;
  }
  return true;
}

/** `JSON.stringify` asks such a value for another one, which is not of JSON. */
function writesItself(value: object): boolean {
  return typeof (value as { readonly toJSON?: unknown }).toJSON === 'function';
}

function written(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('a number is not finite');
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? `[${Array.from(value, written).join(',')}]` : canonicalObject(value);
    default:
      throw new TypeError(`a value of type ${typeof value} is not JSON`);
  }
}

function canonicalObject(value: object): string {
  // Date, Map and their like would come out empty or as something else: refuse instead of losing facts.
  if (Object.prototype.toString.call(value) !== '[object Object]') throw new TypeError('an object is not plain');
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  // Without a comparison, sort orders by UTF-16 code units.
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${canonicalString(name)}:${written(member)}`;
  }
  return `{${text}}`;
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a string holds a lone surrogate');
  return JSON.stringify(text);
}
