import { changedMeanwhile, defined } from '@coffer/kernel';
import { addDuration, parseIsoDuration } from './iso-duration.js';
import type { Named } from './key-command.js';
import { keyNotFound } from './key-errors.js';
import { releaseMembers } from './key-release.js';
import { keySpecOf, typeMembersOf, typeName, type KeySpec, type PublicJwk } from './key-spec.js';
import { timersOf, type KeyTimers } from './key-timers.js';
import type { KeyEvent, KeyExpiryNotifiedData, KeyState, KeyVersion } from './key.js';
import type { RotationPolicy } from './rotation-policy.js';

/** A new version like the latest one, with a key of its own. */
export interface RotateKey extends Named {
  readonly type: 'RotateKey';
  readonly version: string;
  readonly spec: KeySpec;
  readonly public: PublicJwk;
  readonly materialId: string;
  /** The policy's doing: nothing happens unless it is time. */
  readonly scheduled: boolean;
}

export interface SetRotationPolicy extends Named {
  readonly type: 'SetRotationPolicy';
  readonly policy: RotationPolicy;
}

/** Tells the owner that the latest version ends, or has ended, when that is so at `now`. */
export interface NotifyExpiry extends Named {
  readonly type: 'NotifyExpiry';
  readonly notice: KeyExpiryNotifiedData['notice'];
}

export function rotateKey(command: RotateKey, state: KeyState): KeyEvent[] {
  const current = latestOf(state);
  const { name, version, spec, materialId, scheduled, now } = command;
  if (scheduled && !isRotationDue(state, now)) return [];
  if (state.status !== 'active' || current === undefined) throw keyNotFound(name);
  // The key was made for what was the latest version a moment ago.
  if (!isLike(current, spec)) throw changedMeanwhile('key');
  const { keyOps, tags } = current;
  const lifetime = state.rotationPolicy?.expiryTime;
  const duration = lifetime === undefined ? undefined : parseIsoDuration(lifetime);
  const data = {
    name: state.name,
    version,
    ...typeMembersOf(spec),
    public: command.public,
    keyOps,
    enabled: true,
    ...(duration === undefined ? {} : { exp: addDuration(now, duration) }),
    created: now,
    materialId,
    origin: 'rotated',
    ...releaseMembers(current),
  } as const;
  return [{ type: 'KeyVersionCreated', data, ...(tags === undefined ? {} : { sealed: { tags } }) }];
}

/** What a key like this version is made of; `size` (bits) matters for oct keys only. */
export function specOfVersion(version: Pick<KeyVersion, 'public' | 'size' | 'hsm'>): KeySpec {
  const { public: half, size } = version;
  const kty = typeName(half.kty, version);
  if (half.kty === 'EC') return keySpecOf({ kty, crv: half.crv });
  if (half.kty === 'oct') return keySpecOf({ kty, keySize: size });
  return keySpecOf({ kty, keySize: bitsOf(half.n), publicExponent: exponentOf(half.e) });
}

/** Of a number in base64url without leading zeros, whole bytes. */
function bitsOf(base64url: string): number {
  return Math.floor((base64url.length * 3) / 4) * 8;
}

/** Keys that were imported may have another; new ones get one of those that can be asked for. */
function exponentOf(e: string): number {
  return e === 'Aw' ? 3 : 65537;
}

function isLike({ public: half, size, hsm }: KeyVersion, spec: KeySpec): boolean {
  if (spec.hsm !== hsm) return false;
  if (half.kty === 'EC') return spec.kty === 'EC' && spec.crv === half.crv;
  return spec.kty === half.kty && spec.keySize === (half.kty === 'RSA' ? bitsOf(half.n) : size);
}

/** Whether the policy of a key asks for a rotation at `now`, Unix seconds. */
export function isRotationDue(state: KeyState, now: number): boolean {
  const current = latestOf(state);
  return state.status === 'active' && current !== undefined && isDue(timers(state, current).rotate, now);
}

export function setRotationPolicy({ name, policy, now }: SetRotationPolicy, state: KeyState): KeyEvent[] {
  if (state.status !== 'active') throw keyNotFound(name);
  const created = state.rotationPolicy?.created ?? now;
  const updated = Math.max(now, state.rotationPolicy?.updated ?? 0);
  return [{ type: 'KeyRotationPolicySet', data: { name: state.name, ...policy, created, updated } }];
}

/** Nothing when there is nothing to tell, or it has been told. */
export function notifyExpiry({ notice, now }: NotifyExpiry, state: KeyState): KeyEvent[] {
  const current = latestOf(state);
  if (state.status !== 'active' || current?.exp === undefined) return [];
  const { nearExpiry, expired } = timers(state, current);
  // After an outage only the later notice has a meaning.
  const wanted = notice === 'Expired' ? isDue(expired, now) : isDue(nearExpiry, now) && !isDue(expired, now);
  if (!wanted) return [];
  const { version, nbf, exp } = current;
  return [{ type: 'KeyExpiryNotified', data: { name: state.name, version, notice, ...defined({ nbf }), exp } }];
}

function latestOf(state: KeyState): KeyVersion | undefined {
  return state.status === 'active' ? state.versions.get(state.latest) : undefined;
}

function timers({ rotationPolicy }: Extract<KeyState, { status: 'active' }>, version: KeyVersion): KeyTimers {
  return timersOf({ ...version, policy: rotationPolicy });
}

function isDue(time: number | undefined, now: number): boolean {
  return time !== undefined && time <= now;
}
