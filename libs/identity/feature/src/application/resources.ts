import type { IdentityPorts } from './ports.js';

const DEFAULT_SCOPE = '/.default';

/**
 * The resource that a token request names: `scope={resource}/.default` (v2; clients that were given a trailing slash send
 * two) or `resource=` (v1). Returned without trailing slashes; `undefined` when there is none.
 */
export function requestedResource(form: Readonly<Record<string, unknown>>): string | undefined {
  const { resource, scope } = form;
  if (typeof resource === 'string' && resource !== '') return trimmed(resource);
  if (typeof scope !== 'string') return undefined;
  const found = scope.split(' ').find((word) => word.endsWith(DEFAULT_SCOPE));
  return found === undefined ? undefined : trimmed(found.slice(0, -DEFAULT_SCOPE.length));
}

/** The `aud` of tokens for a resource; `undefined` for one that this installation does not have. */
export function audienceOf(audiences: IdentityPorts['audiences'], resource: string): string | undefined {
  const wanted = trimmed(resource).toLowerCase();
  return Object.values(audiences)
    .flat()
    .find((audience) => trimmed(audience).toLowerCase() === wanted);
}

function trimmed(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}
