/**
 * An ARM scope in its comparison form: lower-case, single slashes, none at the end; `''` is the root `/`.
 * A scope covers another when its segments are a prefix of the other's.
 */
export function normalizeScope(scope: string): string {
  return scope
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => `/${segment}`)
    .join('');
}

/** True when an assignment at `outer` reaches `inner`: the same scope or an ancestor, never a name that only starts alike. */
export function scopeCovers(outer: string, inner: string): boolean {
  return normalizedCovers(normalizeScope(outer), normalizeScope(inner));
}

/** `scopeCovers` for scopes that are already in comparison form. */
export function normalizedCovers(outer: string, inner: string): boolean {
  return inner.startsWith(outer) && (inner.length === outer.length || inner[outer.length] === '/');
}
