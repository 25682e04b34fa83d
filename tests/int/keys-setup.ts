import type { CryptoProvider } from '@coffer/contracts';
import { createCryptoProvider, type CryptoProviderOptions } from '@coffer/crypto-node';
import { createKeys, keyProjections, keysMigrations } from '@coffer/keys-feature';
import { objectsSetup, type ObjectsSetup } from './objects-setup.js';

export type Keys = ReturnType<typeof createKeys>;

/** `KeyBundle` as far as specs read it. */
export interface Bundle {
  readonly key: Readonly<Record<string, unknown>> & { readonly kid: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface KeysSetup extends ObjectsSetup {
  readonly provider: CryptoProvider;
  readonly keys: Keys;
}

/** The keys feature over a database of its own; `seen` may watch what the provider is asked for. */
export async function keysSetup(
  options: CryptoProviderOptions = {},
  seen: (provider: CryptoProvider) => CryptoProvider = (provider) => provider,
): Promise<KeysSetup> {
  const setup = await objectsSetup({ purpose: 'keys', migrations: keysMigrations, projections: keyProjections });
  const provider = createCryptoProvider(options);
  const close = async () => {
    await provider.close();
    await setup.close();
  };
  return { ...setup, provider, keys: createKeys({ ...setup.ports, provider: seen(provider) }), close };
}
