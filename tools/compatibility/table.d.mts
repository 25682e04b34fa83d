export interface Operation {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  /** The api-versions that have it. */
  readonly versions: readonly string[];
}

/** What the specs of a client recorded, by spec and api-version. */
export type Runs = Readonly<
  Record<string, Readonly<Record<string, { readonly done: readonly string[]; readonly refused: readonly string[] }>>>
>;

export interface ClientResults {
  readonly name: string;
  readonly client: string;
  readonly runs: Runs;
}

export function cell(operation: Operation, version: string, runs: Runs): string;

export function compatibilityDocument(
  operations: { readonly versions: readonly string[]; readonly operations: readonly Operation[] },
  results: { readonly clients: Readonly<Record<string, ClientResults>> },
): string;
