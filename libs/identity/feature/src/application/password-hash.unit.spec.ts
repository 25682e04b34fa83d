import { scryptSync } from 'node:crypto';
import { hashSecret, newClientSecret, secretMatches } from './password-hash.js';

describe('a client secret', () => {
  it('has 256 random bits and never begins like an option', () => {
    const secrets = Array.from({ length: 2000 }, () => newClientSecret());
    expect(new Set(secrets).size).toBe(2000);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_][\w-]{42}$/);
  });

  it('matches its own hash only, and two hashes of it differ', async () => {
    const [one, two] = [await hashSecret('secret'), await hashSecret('secret')];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^scrypt\$14\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(await secretMatches('secret', one)).toBe(true);
    expect(await secretMatches('secret', two)).toBe(true);
    for (const wrong of ['', 'Secret', 'secret ', 'secre']) expect(await secretMatches(wrong, one)).toBe(false);
  });

  it('is checked at the cost that its hash names', async () => {
    const salt = Buffer.from('salt of sixteen!');
    const hash = scryptSync('secret', salt, 32, { N: 1024, r: 4, p: 2 });
    const encoded = `scrypt$10$4$2$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    expect(await secretMatches('secret', encoded)).toBe(true);
  });

  it.each(['', 'bcrypt$14$8$1$YQ$YQ', 'scrypt$14$8$1$YQ', 'scrypt$14$8$1$YQ$'])(
    'is compared with no hash of another form: %j',
    async (encoded) => {
      await expect(secretMatches('secret', encoded)).rejects.toMatchObject({ code: 'Internal' });
    },
  );
});
