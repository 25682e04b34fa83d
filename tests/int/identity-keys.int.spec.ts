import { CofferError } from '@coffer/kernel';
import { createTokenVerifier } from '@coffer/token-verifier';
import { decodeProtectedHeader } from 'jose';
import { audiences, identitySetup, type IdentityProcess, type IdentitySetup } from './identity-setup.js';
import { rowsOf } from './objects-setup.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SECRET = 'the administrator secret';

let setup: IdentitySetup;
beforeEach(async () => {
  setup = await identitySetup();
});
afterEach(() => setup.close());

async function tokenOf(identity: IdentityProcess): Promise<string> {
  const { appId } = await identity.administration.ensureAdministrator({ secret: SECRET });
  const scope = 'https://vault.localhost:8443/.default';
  const form = { client_id: appId, client_secret: SECRET, grant_type: 'client_credentials', scope };
  const { json } = await identity.ask('/adfs/oauth2/token', { form });
  return String(json['access_token']);
}
const kidOf = (token: string): string => String(decodeProtectedHeader(token).kid);
const published = async ({ signIn }: IdentityProcess): Promise<readonly unknown[]> =>
  (await signIn.jwks({ refresh: false })).keys.map(({ kid }) => kid);
/** A verifier in the process, at the time of the fake clock or another. */
const verifierOf = ({ signIn, ports }: IdentityProcess, clock = ports.clock) =>
  createTokenVerifier({
    issuers: signIn.issuers.map((issuer) => ({
      issuer,
      tenantId: signIn.tenantId,
      jwks: (options: { readonly refresh: boolean }) => signIn.jwks(options),
      onRotation: (listener: () => void) => {
        signIn.onRotation(listener);
      },
    })),
    audiences,
    clock,
    clockSkewSeconds: 60, // tokens are dated by the machine's clock, which goes on
  });

describe('signing keys', () => {
  it('are published a day before they sign, and withdrawn when no token of theirs can be alive', async () => {
    const identity = await setup.start();
    const first = kidOf(await tokenOf(identity));
    expect(await published(identity)).toEqual([first]);

    setup.time.now += 29 * DAY - HOUR;
    expect(await published(identity)).toEqual([first]);
    setup.time.now += HOUR;
    const [, second, ...others] = await published(identity);
    expect(second).toEqual(expect.any(String));
    expect(others).toEqual([]);
    expect(kidOf(await tokenOf(identity))).toBe(first);

    setup.time.now += DAY - 1;
    expect(kidOf(await tokenOf(identity))).toBe(first);
    setup.time.now += 1;
    expect(kidOf(await tokenOf(identity))).toBe(second);
    expect(await published(identity)).toEqual([first, second]);

    setup.time.now += HOUR + 10 * 60_000;
    expect(await published(identity)).toEqual([second]);
    expect(await rowsOf(setup.ports.database, 'signing_keys')).toHaveLength(1);
  });

  it('that have stopped signing are still good for their tokens until these end', async () => {
    const day = DAY / 1000;
    const identity = await setup.start({ signingKeyPeriodSeconds: 2 * day, tokenLifetimeSeconds: 3 * day });
    const verifier = verifierOf(identity);
    const old = await tokenOf(identity);
    await expect(verifier.verify(old, 'vault')).resolves.toMatchObject({ issuer: identity.signIn.issuers[0] });
    setup.time.now += DAY;
    await published(identity);
    setup.time.now += DAY;
    expect(kidOf(await tokenOf(identity))).not.toBe(kidOf(old));
    await expect(verifier.verify(old, 'vault')).resolves.toBeDefined();
    setup.time.now += DAY + 5 * 60_000;
    await expect(verifier.verify(old, 'vault')).rejects.toMatchObject({ code: 'Unauthenticated' });
  });

  it('are gone for verifiers in the process as soon as they are withdrawn', async () => {
    const identity = await setup.start();
    const verifier = verifierOf(identity, { now: Date.now, monotonic: () => 0 });
    const old = await tokenOf(identity);
    await expect(verifier.verify(old, 'vault')).resolves.toBeDefined();
    for (const step of [29 * DAY, DAY, 2 * HOUR]) {
      setup.time.now += step;
      await published(identity);
    }
    expect(await published(identity)).not.toContain(kidOf(old));
    await expect(verifier.verify(old, 'vault')).rejects.toMatchObject({ code: 'Unauthenticated' });
  });

  it('are the same for two instances that start, and rotate, at once', async () => {
    const [one, two] = [await setup.start(), await setup.start()];
    const [a, b] = await Promise.all([published(one), published(two)]);
    expect(a).toEqual(b);
    const token = await tokenOf(one);
    await expect(verifierOf(two).verify(token, 'vault')).resolves.toBeDefined();
    setup.time.now += 29 * DAY;
    const [c, d] = await Promise.all([published(one), published(two)]);
    expect(c).toHaveLength(2);
    expect(c).toEqual(d);
    setup.time.now += DAY;
    expect(kidOf(await tokenOf(one))).toBe(kidOf(await tokenOf(two)));
  });

  it('are found again after a restart, also a next one that nobody has used', async () => {
    const before = await setup.start();
    await tokenOf(before);
    setup.time.now += 29 * DAY;
    const keys = await published(before);
    await before.stop();
    expect(await published(await setup.start())).toEqual(keys);
  });

  it('outlive a process that ends between storing one and using it', async () => {
    let inserted = 0;
    const { database } = setup.another();
    const dying = await setup.start({
      database: {
        query: async (text, values) => {
          const result = await database.query<never>(text, values);
          if (!text.startsWith('INSERT INTO signing_keys')) return result;
          inserted += 1;
          throw new CofferError('ServiceUnavailable', 'the process ends here');
        },
        transaction: (work) => database.transaction(work),
      },
    });
    await expect(published(dying)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    const next = await setup.start();
    expect(await published(next)).toHaveLength(1);
    expect(inserted).toBe(1);
    await expect(verifierOf(next).verify(await tokenOf(next), 'vault')).resolves.toBeDefined();
  });

  it('go on signing when the clock moves back', async () => {
    const identity = await setup.start();
    const first = kidOf(await tokenOf(identity));
    setup.time.now -= 10 * DAY;
    expect(kidOf(await tokenOf(await setup.start()))).toBe(first);
    expect(await rowsOf(setup.ports.database, 'signing_keys')).toHaveLength(1);
  });

  it('after a long stop are followed by one that verifiers have a day to learn', async () => {
    const first = kidOf(await tokenOf(await setup.start()));
    setup.time.now += 400 * DAY;
    const late = await setup.start();
    expect(kidOf(await tokenOf(late))).toBe(first);
    expect(await published(late)).toHaveLength(2);
    setup.time.now += DAY;
    expect(kidOf(await tokenOf(late))).not.toBe(first);
  });
});

describe('the administrator', () => {
  it('is made once, whatever is asked later', async () => {
    const { administration } = await setup.start();
    expect(await administration.administrator()).toBeUndefined();
    const made = await administration.ensureAdministrator({ secret: SECRET });
    expect(made.created).toBe(true);
    const again = await administration.ensureAdministrator({ secret: 'another' });
    expect(again).toEqual({ ...made, created: false });
    expect(await administration.accepts(made.appId, SECRET)).toBe(true);
    expect(await administration.accepts(made.appId, 'another')).toBe(false);
    expect(await administration.accepts('nobody\u0000', SECRET)).toBe(false);
  });

  it('is made once by many processes at once', async () => {
    const processes = await Promise.all(Array.from({ length: 5 }, () => setup.start()));
    const results = await Promise.all(
      processes.map(({ administration }) => administration.ensureAdministrator({ secret: SECRET })),
    );
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ objectId }) => objectId)).size).toBe(1);
    expect(await rowsOf(setup.ports.database, 'principals')).toHaveLength(1);
  });

  it('is made once by two processes that were given the same ids', async () => {
    const ids = { objectId: '6f1d2c3b-0000-4000-8000-000000000001', appId: '6f1d2c3b-0000-4000-8000-000000000002' };
    const processes = [await setup.start(), await setup.start()];
    const results = await Promise.all(
      processes.map(({ administration }) => administration.ensureAdministrator({ ...ids, secret: SECRET })),
    );
    expect(results.map(({ created }) => created).sort()).toEqual([false, true]);
    expect(results).toMatchObject([ids, ids]);
  });

  it('is wholly there, or not at all, when the process ends on the way', async () => {
    const { store } = setup.ports;
    const append = () => Promise.reject(new CofferError('ServiceUnavailable', 'ends here'));
    const readVault = store.readVault.bind(store);
    const load = store.load.bind(store);
    const settled = store.settled.bind(store);
    const broken = await setup.start({ store: { append, settled, load, readVault, onAppend: () => undefined } });
    const options = { secret: SECRET };
    await expect(broken.administration.ensureAdministrator(options)).rejects.toMatchObject({
      code: 'ServiceUnavailable',
    });
    expect(await rowsOf(setup.ports.database, 'principals')).toEqual([]);
    const { administration } = await setup.start();
    const { appId, created } = await administration.ensureAdministrator(options);
    expect(created).toBe(true);
    expect(await administration.accepts(appId, SECRET)).toBe(true);
  });

  it('gets a new secret beside the old one when reset', async () => {
    const { administration } = await setup.start();
    await expect(administration.resetAdministrator()).rejects.toThrow('no administrator');
    const { appId } = await administration.ensureAdministrator({ secret: SECRET });
    const reset = await administration.resetAdministrator();
    expect(reset.appId).toBe(appId);
    expect(await administration.accepts(appId, reset.secret)).toBe(true);
    expect(await administration.accepts(appId, SECRET)).toBe(true);
  });

  it('can be reset as often as needed: the oldest secret makes room', async () => {
    const { administration } = await setup.start();
    const { appId } = await administration.ensureAdministrator({ secret: SECRET });
    let latest = '';
    for (let i = 0; i < 20; i += 1) {
      setup.time.now += 1;
      latest = (await administration.resetAdministrator()).secret;
    }
    expect(await rowsOf(setup.ports.database, 'principal_passwords')).toHaveLength(20);
    expect(await administration.accepts(appId, latest)).toBe(true);
    expect(await administration.accepts(appId, SECRET)).toBe(false);
  });
});
