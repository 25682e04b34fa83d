/** The clients as they are pinned, by the names of docs/compatibility.json. */
export function clientsPinned(): Readonly<Record<string, { readonly name: string; readonly client: string }>>;
