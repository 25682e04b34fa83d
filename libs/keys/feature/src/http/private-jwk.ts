import type { EcMember, OctMember, PrivateJwk, RsaMember } from '@coffer/contracts';
import { invalidProperty } from '@coffer/kernel';
import { curveOf } from '@coffer/keys-domain';
import { decodeBase64url } from './crypto-body.js';

const RSA_MEMBERS: readonly RsaMember[] = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
const EC_MEMBERS: readonly EcMember[] = ['x', 'y', 'd'];
const OCT_MEMBERS: readonly OctMember[] = ['k'];

/** Members of a JWK that carry numbers. */
export const jwkMembers = [...new Set([...RSA_MEMBERS, ...EC_MEMBERS, ...OCT_MEMBERS])];

type Members = Readonly<Record<string, unknown>>;

/** The private key in a JWK (RFC 7518 §6). Throws BadParameter that names the member, never its value. */
export function privateJwk(key: Members & { readonly kty: string }, crv: string | undefined): PrivateJwk {
  if (key.kty === 'RSA') return { kty: 'RSA', members: decoded(key, RSA_MEMBERS) };
  if (key.kty === 'oct') return { kty: 'oct', members: decoded(key, OCT_MEMBERS) };
  if (key.kty !== 'EC') throw invalidProperty('key.kty', 'The key type must be RSA, EC or oct.');
  if (crv === undefined) throw invalidProperty('key.crv', 'The curve of the key is required.');
  return { kty: 'EC', crv: curveOf(crv), members: decoded(key, EC_MEMBERS) };
}

function decoded<Member extends string>(key: Members, members: readonly Member[]): Record<Member, Uint8Array> {
  const entries = members.map((member) => [member, decodeBase64url(`key.${member}`, key[member])]);
  return Object.fromEntries(entries) as Record<Member, Uint8Array>;
}
