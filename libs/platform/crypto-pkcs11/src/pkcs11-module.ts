import type { KeyModule, KeySpec, ModuleKey, NewKey, PublicJwk } from '@coffer/contracts';
import { CofferError, isCofferError } from '@coffer/kernel';
import { isAddonBuilt } from './cryptoki/addon.js';
import { EcKey, OctKey, RsaKey } from './module-keys.js';
import { ModuleProcess, type ModuleProcessOptions, type ModuleState, type Outcome } from './module-process.js';
import type { Task } from './protocol.js';
import { RefusedPin } from './refused-pin.js';
import { decodeKey, encodeKey } from './stored-key.js';

export interface Pkcs11Options extends Pick<ModuleProcessOptions, 'module' | 'token' | 'pinFile' | 'maxGrowth'> {
  /** Told when the module can be used, and when it no longer can. */
  readonly onState?: (state: ModuleState) => void;
  /** Longest that one use of a key may take, milliseconds. */
  readonly deadlineMs?: number;
  /** Uses that may wait. */
  readonly maxPending?: number;
  /** See ModuleProcessOptions. */
  readonly script?: string;
}

const DEADLINE_MS = 10_000;
/** RSA of 4096 bits takes some modules half a minute. */
const MAKING_DEADLINE_MS = 90_000;
const MAX_PENDING = 256;
const MAX_MAKING = 16;

/**
 * Keys in a token of a PKCS #11 module. The token keeps one key of its own, which wraps all others: they exist inside it while
 * they are used and outside it as what only the token can unwrap. Two processes: making a key holds up no use of another.
 * Throws when the binding is not built.
 */
export function createPkcs11Module(options: Pkcs11Options): KeyModule {
  if (!isAddonBuilt()) throw new Error('The PKCS #11 binding is not built (npm run build:native).');
  const { onState = () => undefined, deadlineMs = DEADLINE_MS, maxPending = MAX_PENDING } = options;
  const refusedPin = new RefusedPin();
  const users = new ModuleProcess({ ...options, refusedPin, onState, deadlineMs, maxPending });
  const maker = new ModuleProcess({
    ...options,
    refusedPin,
    onState: () => undefined,
    deadlineMs: MAKING_DEADLINE_MS,
    maxPending: MAX_MAKING,
  });
  void users.warm();
  /** A key that was not made leaves nothing behind, so a failure of the moment costs no answer. */
  const make = async (task: Task): Promise<Outcome> => {
    try {
      return await maker.run(task);
    } catch (error) {
      if (!isCofferError(error, 'ServiceUnavailable')) throw error;
      return maker.run(task);
    }
  };
  let lastId = 0;
  return {
    generate: async (spec) => newKey(spec, undefined, await make({ op: 'generate', spec })),
    import: async ({ spec, public: half, privateKey }) => {
      const task: Task = { op: 'import', spec, key: privateKey.expose() };
      return newKey({ ...spec, hsm: true }, half, await make(task));
    },
    load: (privateKey): ModuleKey => {
      const stored = decodeKey(privateKey);
      const { spec, public: half } = stored;
      lastId += 1;
      if (half.kty === 'RSA') return new RsaKey(users, lastId, stored, half);
      if (half.kty === 'EC') return new EcKey(users, lastId, stored, half);
      return new OctKey(users, lastId, stored, spec.kty === 'oct' ? spec.keySize / 8 : 0);
    },
    close: async () => {
      await Promise.all([users.close(), maker.close()]);
    },
  };
}

function newKey(spec: KeySpec, brought: PublicJwk | undefined, outcome: Outcome): NewKey {
  if ('failure' in outcome) throw failed(outcome);
  const { value } = outcome;
  if (value === undefined || value instanceof Uint8Array) throw new CofferError('Internal', 'the module made no key');
  const half = brought ?? value.public ?? ({ kty: 'oct' } as const);
  return { spec, public: half, privateKey: encodeKey({ ...value, spec, public: half }) };
}

function failed({ failure }: Extract<Outcome, { failure: unknown }>): CofferError {
  return failure === 'unusable'
    ? new CofferError('ServiceUnavailable', 'The hardware security module holds no key that is fit to wrap others.')
    : new CofferError('BadParameter', 'The hardware security module cannot hold a key of this type and size.');
}
