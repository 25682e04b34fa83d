import type pg from 'pg';

export interface Result<Row> {
  rows: Row[];
  rowCount: number | null;
}

/** Names of prepared statements, by text: the texts are constants of the code, so there are few. */
const names = new Map<string, string>();
const MAX_PREPARED = 500;

/** Runs one statement; with values as a prepared one, which the server parses and plans once per connection. */
export function query<Row extends object>(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[] | undefined,
): Promise<Result<Row>> {
  if (values === undefined) return client.query<Row & pg.QueryResultRow>(text);
  const name = preparedName(text);
  // `pg` only reads the values, but does not say so in its types.
  const bound = values as unknown[];
  return client.query<Row & pg.QueryResultRow>(
    name === undefined ? { text, values: bound } : { name, text, values: bound },
  );
}

function preparedName(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= MAX_PREPARED) return undefined;
  const name = `s${names.size}`;
  names.set(text, name);
  return name;
}
