/**
 * A list of texts as one parameter of a statement, for `string_to_array($1, E'\n')`: a third of the escaping that an array
 * of texts needs. For ids, times and JSON text, which hold no line feed; not for an empty list, nor for one empty text.
 */
export function lines(values: readonly string[]): string {
  return values.join('\n');
}

/** A list of integers (or their digits) as one parameter of a statement, for `$1::bigint[]`; `undefined` is NULL. */
export function integers(values: readonly (number | string | undefined)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}
