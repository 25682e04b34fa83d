import type { DataKey, Sealer } from '@coffer/contracts';
import type { PasswordRow, PrincipalRow } from '../postgres/principals.js';
import { ClientSecrets } from './client-secrets.js';
import { hashSecret, hintOf } from './password-hash.js';

const DAY = 86_400_000;
const NOW = Date.UTC(2030, 0, 10);

/** A sealer whose ciphertext is the plaintext; `opened` counts. */
function plainSealer() {
  const counts = { opened: 0 };
  const decrypt = (ciphertext: Buffer) => ({ expose: () => ciphertext, use: undefined, destroy: () => undefined });
  const key = { encrypt: (plaintext: Buffer) => plaintext, decrypt } as unknown as DataKey;
  const open = () => {
    counts.opened += 1;
    return Promise.resolve(key);
  };
  return { counts, sealer: { open } as unknown as Sealer };
}

async function passwordOf(secret: string, start = NOW, end = NOW + DAY): Promise<PasswordRow> {
  const sealed = Buffer.from(JSON.stringify({ hash: await hashSecret(secret), hint: hintOf(secret) })).toString(
    'base64url',
  );
  const startDateTime = new Date(start);
  return { keyId: secret, startDateTime, endDateTime: new Date(end), sealed };
}

const principalWith = (...passwords: PasswordRow[]): PrincipalRow => ({
  objectId: 'o',
  appId: 'a',
  displayName: 'n',
  createdAt: new Date(NOW),
  dek: { term: 1, wrappedDek: Buffer.alloc(0) },
  passwords,
});

describe('client secrets', () => {
  const time = { now: NOW };
  const clock = { now: () => time.now, monotonic: () => time.now };
  beforeEach(() => {
    time.now = NOW;
  });

  it('are hashed once for many sign-ins at once, and never again while the password stays', async () => {
    const { counts, sealer } = plainSealer();
    const secrets = new ClientSecrets(sealer, clock);
    const principal = principalWith(await passwordOf('s'));
    const checks = await Promise.all(Array.from({ length: 20 }, () => secrets.check(principal, 's')));
    expect(new Set(checks)).toEqual(new Set(['valid']));
    expect(await secrets.check(principal, 's')).toBe('valid');
    expect(counts.opened).toBe(1);
  });

  it('that were right are wrong as soon as the password is gone or replaced', async () => {
    const secrets = new ClientSecrets(plainSealer().sealer, clock);
    const old = await passwordOf('s');
    expect(await secrets.check(principalWith(old), 's')).toBe('valid');
    expect(await secrets.check(principalWith(), 's')).toBe('wrong');
    const { sealed } = await passwordOf('t');
    expect(await secrets.check(principalWith({ ...old, sealed }), 's')).toBe('wrong');
  });

  it('end, also ones that were recognised before', async () => {
    const secrets = new ClientSecrets(plainSealer().sealer, clock);
    const principal = principalWith(await passwordOf('s'));
    expect(await secrets.check(principal, 's')).toBe('valid');
    time.now = NOW + DAY - 1;
    expect(await secrets.check(principal, 's')).toBe('valid');
    time.now = NOW + DAY;
    expect(await secrets.check(principal, 's')).toBe('expired');
  });

  it('do not begin early, save for clocks that differ a little', async () => {
    const secrets = new ClientSecrets(plainSealer().sealer, clock);
    const principal = principalWith(await passwordOf('s', NOW, NOW + 30 * DAY));
    time.now = NOW - 4 * 60_000;
    expect(await secrets.check(principal, 's')).toBe('valid');
    time.now = NOW - 6 * 60_000;
    expect(await secrets.check(principal, 's')).toBe('wrong');
  });

  it('of the installation itself never end, and do not depend on when they began', async () => {
    const secrets = new ClientSecrets(plainSealer().sealer, clock);
    const principal = principalWith({ ...(await passwordOf('s')), endDateTime: undefined });
    for (const now of [NOW - 9999 * DAY, NOW + 9999 * DAY]) {
      time.now = now;
      expect(await secrets.check(principal, 's')).toBe('valid');
    }
  });

  it.each(['x'.repeat(1025), 's\u0000', '\u0000'])('of a form that none has are not even hashed', async (secret) => {
    const { counts, sealer } = plainSealer();
    expect(await new ClientSecrets(sealer, clock).check(principalWith(await passwordOf('s')), secret)).toBe('wrong');
    expect(counts.opened).toBe(0);
  });

  it('are found by their hints among many passwords', async () => {
    const { counts, sealer } = plainSealer();
    const secrets = new ClientSecrets(sealer, clock);
    const principal = principalWith(...(await Promise.all(['abc-1', 'abc-2', 'xyz-3'].map((s) => passwordOf(s)))));
    expect(await secrets.check(principal, 'abc-2')).toBe('valid');
    expect(await secrets.check(principal, 'xyz-3')).toBe('valid');
    expect(await secrets.check(principal, 'abc-3')).toBe('wrong');
    expect(await secrets.check(principal, 'other')).toBe('wrong');
    expect(counts.opened).toBe(2 + 3 + 3 + 3);
  });

  it.each([
    ['that is unknown', undefined],
    ['without a password', []],
    ['whose passwords have other hints', ['xyz']],
  ])('of a client %s are hashed all the same: more at once than can wait are turned away', async (_, own) => {
    const secrets = new ClientSecrets(plainSealer().sealer, clock);
    const passwords = await Promise.all((own ?? []).map((secret) => passwordOf(secret)));
    const check = (secret: string) =>
      own === undefined ? secrets.checkNothing('a', secret) : secrets.check(principalWith(...passwords), secret);
    const checks = await Promise.allSettled(Array.from({ length: 30 }, (__, i) => check(`wrong-${i}`)));
    const faults = checks.filter((result) => result.status === 'rejected').map(({ reason }): unknown => reason);
    expect(faults).toHaveLength(30 - 2 - 16);
    expect(faults[0]).toMatchObject({ code: 'Throttled' });
    // The same secret again and again takes one place.
    const same = await Promise.allSettled(Array.from({ length: 30 }, () => check('wrong')));
    expect(same.every(({ status }) => status === 'fulfilled')).toBe(true);
  });

  it('of a client that many mistake do not stop those of others', async () => {
    const secrets = new ClientSecrets(plainSealer().sealer, clock);
    const flood = Promise.allSettled(Array.from({ length: 100 }, (_, i) => secrets.checkNothing('x', `w${i}`)));
    expect(await secrets.check(principalWith(await passwordOf('s')), 's')).toBe('valid');
    await flood;
  });
});
