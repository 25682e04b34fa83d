import { setImmediate } from 'node:timers/promises';
import {
  constants,
  createHash,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  verify as verifySignature,
  type JsonWebKey,
} from 'node:crypto';
import { jest } from '@jest/globals';
import type { CryptoProvider } from '@coffer/contracts';
import { rebuildProjection } from '@coffer/event-store-postgres';
import { createKeys, keyProjections } from '@coffer/keys-feature';
import type { keyOperations, Reply, VaultSnapshot } from '@coffer/wire';
import { testContext, testVault, type ContextOptions, type TestVaultRequestContext } from '../support/context.js';
import { keysSetup, type Bundle, type Keys, type KeysSetup } from './keys-setup.js';
import { dump, rowsOf } from './objects-setup.js';

interface Result {
  readonly kid: string;
  readonly value: string;
}
interface List {
  readonly value: readonly { readonly kid: string }[];
  readonly nextLink: string | null;
}

let setup: KeysSetup;
let provider: CryptoProvider;
let keys: Keys;
beforeAll(async () => {
  setup = await keysSetup();
  ({ provider, keys } = setup);
});
afterAll(() => setup.close());

let vault: VaultSnapshot;
beforeEach(() => {
  vault = testVault();
});

const contextOf = (operation: string, options: ContextOptions = {}): TestVaultRequestContext =>
  testContext(operation, { vault, now: setup.time.now, ...options });

async function call<T = Bundle>(
  operation: keyof typeof keyOperations,
  params: Record<string, string> = {},
  body?: unknown,
  by: Keys = keys,
  options: ContextOptions = {},
): Promise<T> {
  const reply: Reply = await by.controller.handlers[operation](contextOf(operation, { params, ...options }), body);
  return reply.body as T;
}

const versionOf = ({ kid }: { readonly kid: string }): string => kid.split('/').at(-1) ?? '';
const refused = (code: string): unknown => expect.objectContaining({ code });
const rsa = { kty: 'RSA', key_size: 2048 };
const ec = (crv: string): unknown => ({ kty: 'EC', crv });

describe('a signature', () => {
  const digestOf = (hash: string): Buffer => createHash(hash).update('message').digest();
  const algorithms: [string, unknown, string][] = [
    ...(['RS', 'PS'] as const).flatMap((family) =>
      ['256', '384', '512'].map((bits): [string, unknown, string] => [`${family}${bits}`, rsa, `sha${bits}`]),
    ),
    ['RSNULL', rsa, 'sha256'],
    ['ES256', ec('P-256'), 'sha256'],
    ['ES384', ec('P-384'), 'sha384'],
    ['ES512', ec('P-521'), 'sha512'],
    ['ES256K', ec('P-256K'), 'sha256'],
  ];

  it.each(algorithms)('by %s is made, verified, and refused for another digest', async (alg, spec, hash) => {
    const { key } = await call('KeyCreate', { name: 'k' }, spec);
    const digest = digestOf(hash);
    const signed = await call<Result>('KeySign', { name: 'k' }, { alg, value: digest.toString('base64url') });
    expect(signed.kid).toBe(key.kid);
    const verify = (bytes: Buffer) =>
      call('KeyVerify', { name: 'k' }, { alg, digest: bytes.toString('base64url'), value: signed.value });
    expect(await verify(digest)).toEqual({ value: true });
    expect(await verify(createHash(hash).update('other').digest())).toEqual({ value: false });
  });

  it.each([
    ['RS256', rsa, 'sha256'],
    ['ES384', ec('P-384'), 'sha384'],
  ])('by %s is verified by the public key in the bundle, without this service', async (alg, spec, hash) => {
    const { key } = await call('KeyCreate', { name: 'k' }, spec);
    const value = digestOf(hash).toString('base64url');
    const signed = await call<Result>('KeySign', { name: 'k', version: versionOf(key) }, { alg, value });
    const publicKey = createPublicKey({ key, format: 'jwk' });
    const signature = Buffer.from(signed.value, 'base64url');
    expect(
      verifySignature(hash, Buffer.from('message'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature),
    ).toBe(true);
  });
});

describe('a ciphertext', () => {
  it.each([
    ['RSA1_5', 'KeyEncrypt', 'KeyDecrypt'],
    ['RSA-OAEP', 'KeyEncrypt', 'KeyDecrypt'],
    ['RSA-OAEP-256', 'KeyEncrypt', 'KeyDecrypt'],
    ['RSA1_5', 'KeyWrap', 'KeyUnwrap'],
    ['RSA-OAEP', 'KeyWrap', 'KeyUnwrap'],
    ['RSA-OAEP-256', 'KeyWrap', 'KeyUnwrap'],
  ] as const)('by %s from %s is undone by %s, also after a newer version was made', async (alg, protect, reveal) => {
    const { key } = await call('KeyCreate', { name: 'k' }, rsa);
    const plaintext = randomBytes(32).toString('base64url');
    const { value } = await call<Result>(protect, { name: 'k' }, { alg, value: plaintext });
    await call('KeyCreate', { name: 'k' }, rsa);
    const revealed = await call<Result>(reveal, { name: 'k', version: versionOf(key) }, { alg, value });
    expect(revealed).toEqual({ kid: key.kid, value: plaintext });
    // With RSA1_5 OpenSSL answers noise, not an error (implicit rejection).
    const newer = call<Result>(reveal, { name: 'k' }, { alg, value }).then(
      (result) => result.value,
      () => 'refused',
    );
    expect(await newer).not.toBe(plaintext);
  });
});

describe('a ciphertext of RSA1_5 that nobody made', () => {
  /** Blocks that are no EME-PKCS1-v1_5 (RFC 8017 7.2.2), and one that is. */
  const blocks: Record<string, Buffer> = {
    'another block type': Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(253, 1), Buffer.alloc(1)]),
    'no end of the padding': Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(254, 1)]),
    'too little padding': Buffer.concat([Buffer.from([0, 2, 1, 0]), Buffer.alloc(252, 1)]),
    'nothing at all': Buffer.alloc(256),
  };

  it.each(['KeyDecrypt', 'KeyUnwrap'] as const)(
    'gives %s bytes, the same ones each time, and no error that would tell it from one',
    async (reveal) => {
      const { key } = await call('KeyCreate', { name: 'k' }, rsa);
      const publicKey = createPublicKey({ key: { kty: 'RSA', n: key['n'], e: key['e'] } as JsonWebKey, format: 'jwk' });
      const seen = new Set<string>();
      for (const block of Object.values(blocks)) {
        const ciphertext = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
        const body = { alg: 'RSA1_5', value: ciphertext.toString('base64url') };
        const [first, again] = [
          await call<Result>(reveal, { name: 'k' }, body),
          await call<Result>(reveal, { name: 'k' }, body),
        ];
        expect(first).toEqual({ kid: key.kid, value: expect.any(String) as string });
        expect(again).toEqual(first);
        seen.add(first.value);
        // OAEP has no such trick: it authenticates.
        const oaep = call<Result>(reveal, { name: 'k' }, { ...body, alg: 'RSA-OAEP' });
        await expect(oaep).rejects.toEqual(refused('BadParameter'));
      }
      expect(seen.size).toBeGreaterThan(2); // they depend on the ciphertext; two may be empty
    },
  );
});

describe('a key', () => {
  const sign = (params: Record<string, string> = {}, by: Keys = keys) =>
    call<Result>('KeySign', { name: 'k', ...params }, { alg: 'ES256', value: 'A'.repeat(43) }, by);

  it('that is disabled is refused from the next call on, and works again once it is enabled', async () => {
    await call('KeyCreate', { name: 'k' }, ec('P-256'));
    await sign();
    await call('KeyUpdate', { name: 'k' }, { attributes: { enabled: false } });
    await expect(sign()).rejects.toEqual(refused('KeyDisabled'));
    await call('KeyUpdate', { name: 'k' }, { attributes: { enabled: true } });
    await sign();
  });

  it('that is disabled while it is in use by many is used by none that asks later', async () => {
    await call('KeyCreate', { name: 'k' }, ec('P-256'));
    const acknowledged = { yet: false };
    const late: Promise<unknown>[] = [];
    const disable = call('KeyUpdate', { name: 'k' }, { attributes: { enabled: false } }).then(() => {
      acknowledged.yet = true;
    });
    const user = async () => {
      for (let after = 0; after < 5;) {
        const isLate = acknowledged.yet;
        const outcome = sign().then(
          () => 'signed',
          () => 'refused',
        );
        if (isLate) {
          late.push(outcome);
          after += 1;
        }
        await outcome;
        // A refusal comes from memory, without a turn of the event loop that the disabling needs to be heard.
        await setImmediate();
      }
    };
    await Promise.all([disable, ...Array.from({ length: 8 }, user)]);
    expect(late).toHaveLength(40);
    expect(new Set(await Promise.all(late))).toEqual(new Set(['refused']));
  });

  it('is used again without a statement under a live lease, and is read each time without one', async () => {
    await call('KeyCreate', { name: 'k' }, ec('P-256'));
    await sign();
    const before = setup.statements.count;
    await sign();
    expect(setup.statements.count).toBe(before);
    setup.lease.isLive = false;
    await sign();
    expect(setup.statements.count).toBe(before + 1);
    setup.lease.isLive = true;
  });

  it('does only what its key_ops allow, and nothing new outside nbf and exp', async () => {
    await call('KeyCreate', { name: 'k' }, { kty: 'EC', crv: 'P-256', key_ops: ['verify'] });
    await expect(sign()).rejects.toEqual(refused('KeyOperationForbidden'));
    await call('KeyUpdate', { name: 'k' }, { key_ops: ['sign', 'verify'], attributes: { nbf: 1_800_000_001 } });
    await expect(sign()).rejects.toEqual(refused('KeyNotYetValid'));
    await call('KeyUpdate', { name: 'k' }, { attributes: { nbf: 0, exp: 1_800_000_000 } });
    await expect(sign()).rejects.toEqual(refused('KeyExpired'));
  });

  it('refuses a digest of the wrong length, an unknown algorithm and a version of another key', async () => {
    await call('KeyCreate', { name: 'k' }, ec('P-256'));
    const other = versionOf((await call('KeyCreate', { name: 'other' }, ec('P-256'))).key);
    const bad = refused('BadParameter');
    await expect(call('KeySign', { name: 'k' }, { alg: 'ES256', value: 'AAAA' })).rejects.toEqual(bad);
    await expect(call('KeySign', { name: 'k' }, { alg: 'RS256', value: 'A'.repeat(43) })).rejects.toEqual(bad);
    await expect(call('KeySign', { name: 'k' }, { alg: 'HS256', value: 'A'.repeat(43) })).rejects.toEqual(bad);
    await expect(sign({ version: other })).rejects.toEqual(refused('KeyNotFound'));
    await expect(call('KeyGet', { name: 'k', version: other })).rejects.toEqual(refused('KeyNotFound'));
  });

  it('outlives its process: another one reads, lists and uses it', async () => {
    const created = await call('KeyCreate', { name: 'k' }, { kty: 'EC', crv: 'P-256', tags: { team: 'a' } });
    const restarted = createKeys({ ...setup.another(), provider });
    expect(await call('KeyGet', { name: 'K' }, undefined, restarted)).toEqual(created);
    expect((await call<List>('KeyList', {}, undefined, restarted)).value).toHaveLength(1);
    expect((await sign({}, restarted)).kid).toBe(created.key.kid);
  });

  it('comes back from a soft-delete and leaves nothing behind after a purge', async () => {
    const { key } = await call('KeyCreate', { name: 'k' }, ec('P-256'));
    await sign();
    await call('KeyDelete', { name: 'k' });
    await expect(sign()).rejects.toEqual(refused('KeyNotFound'));
    await expect(call('KeyCreate', { name: 'k' }, ec('P-256'))).rejects.toEqual(
      refused('ObjectIsDeletedButRecoverable'),
    );
    await call('KeyRecover', { name: 'k' });
    expect((await sign()).kid).toBe(key.kid);
    await call('KeyDelete', { name: 'k' });
    await call('KeyPurge', { name: 'k' });
    const { rows } = await setup.ports.database.query<{ digests: unknown; left: string }>(
      `SELECT data->'digests' AS digests,
              (SELECT count(*) FROM material WHERE object_id = substr(stream_id, 5)) AS left
         FROM events WHERE vault_id = $1 AND type = 'KeyPurged'`,
      [vault.vaultId],
    );
    expect(rows).toEqual([
      { digests: [{ version: versionOf(key), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string }], left: '0' },
    ]);
    await expect(call('KeyGetDeleted', { name: 'k' })).rejects.toEqual(refused('KeyNotFound'));
    const next = await call('KeyCreate', { name: 'k' }, ec('P-256'));
    await expect(sign({ version: versionOf(key) })).rejects.toEqual(refused('KeyNotFound'));
    expect((await sign()).kid).toBe(next.key.kid);
  });

  it('is purged when its time is over, and with its vault', async () => {
    await call('KeyCreate', { name: 'due' }, ec('P-256'));
    await call('KeyDelete', { name: 'due' });
    await call('KeyCreate', { name: 'stays' }, ec('P-256'));
    const due = setup.time.now + 90 * 86_400_000;
    await keys.purger.purgeDue(due - 1000);
    expect(await call('KeyGetDeleted', { name: 'due' })).toBeDefined();
    expect(await keys.purger.purgeDue(due)).toMatchObject({ failed: [] });
    await expect(call('KeyGetDeleted', { name: 'due' })).rejects.toEqual(refused('KeyNotFound'));
    expect(await keys.purger.purgeVault(vault.vaultId)).toBe(1);
    await expect(call('KeyGet', { name: 'stays' })).rejects.toEqual(refused('KeyNotFound'));
  });
});

describe('lists of keys', () => {
  const nameOf = ({ kid }: { readonly kid: string }): string => kid.split('/').at(4) ?? '';
  const nextOf = ({ nextLink }: List) => ({
    query: { maxresults: '2', $skiptoken: new URL(nextLink ?? '').searchParams.get('$skiptoken') ?? '' },
  });
  const first = { query: { maxresults: '2' } };

  it('page through keys, versions and deleted keys once each', async () => {
    for (const name of ['B', 'a', 'd', 'c']) await call('KeyCreate', { name }, ec('P-256'));
    await call('KeyDelete', { name: 'd' });
    const page = await call<List>('KeyList', {}, undefined, keys, first);
    const rest = await call<List>('KeyList', {}, undefined, keys, nextOf(page));
    expect([...page.value, ...rest.value].map(nameOf)).toEqual(['a', 'B', 'c']);
    expect(rest.nextLink).toBeNull();
    expect((await call<List>('KeyListDeleted')).value.map(nameOf)).toEqual(['d']);
    const versions: string[] = [];
    for (let i = 0; i < 3; i += 1) versions.push(versionOf((await call('KeyCreate', { name: 'v' }, ec('P-256'))).key));
    const some = await call<List>('KeyListVersions', { name: 'V' }, undefined, keys, first);
    const others = await call<List>('KeyListVersions', { name: 'V' }, undefined, keys, nextOf(some));
    expect([...some.value, ...others.value].map(versionOf)).toEqual(versions);
  });

  it('of deleted ones are refused in a vault that keeps none', async () => {
    vault = testVault({ enableSoftDelete: false });
    await expect(call('KeyListDeleted')).rejects.toEqual(refused('BadParameter'));
  });
});

describe('many creators of one name', () => {
  it('in two processes all succeed, with versions of their own', async () => {
    const other = createKeys({ ...setup.another(), provider });
    const created = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        call('KeyCreate', { name: 'Shared' }, ec('P-256'), i % 2 === 0 ? keys : other),
      ),
    );
    const versions = new Set(created.map(({ key }) => versionOf(key)));
    expect(versions.size).toBe(16);
    const listed = await call<List>('KeyListVersions', { name: 'shared' });
    expect(new Set(listed.value.map(versionOf))).toEqual(versions);
    const { rows } = await setup.ports.database.query<{ events: string; streams: string; last: string }>(
      `SELECT count(*) AS events, count(DISTINCT stream_id) AS streams, max(vault_seq) AS last
         FROM events WHERE vault_id = $1`,
      [vault.vaultId],
    );
    expect(rows).toEqual([{ events: '16', streams: '1', last: '16' }]);
  });
});

describe('what is stored of keys', () => {
  it('holds no private key and no tag in the clear', async () => {
    const load = jest.spyOn(provider, 'load');
    await call('KeyCreate', { name: 'k' }, { kty: 'EC', crv: 'P-256', tags: { CANARY: 'CANARY-note' } });
    let pkcs8 = Buffer.alloc(0);
    load.mockImplementationOnce((privateKey) => {
      pkcs8 = Buffer.from(privateKey.expose());
      throw new Error('seen enough');
    });
    await expect(call('KeySign', { name: 'k' }, { alg: 'ES256', value: 'A'.repeat(43) })).rejects.toThrow(
      'seen enough',
    );
    load.mockRestore();
    const text = await dump(setup.ports.database);
    // The private scalar stands at bytes 36 to 68 of a P-256 key in PKCS#8 (RFC 5915).
    const scalar = pkcs8.subarray(36, 68);
    expect(scalar).toHaveLength(32);
    for (const secret of [scalar, Buffer.from('CANARY')]) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        expect(text.includes(secret.toString(encoding))).toBe(false);
      }
    }
    expect(text.includes('CANARY')).toBe(false);
  });

  it('is rebuilt from the log to the same rows', async () => {
    await call('KeyCreate', { name: 'a' }, { kty: 'EC', crv: 'P-256', tags: { t: '1' } });
    await call('KeyCreate', { name: 'a' }, ec('P-384'));
    await call('KeyUpdate', { name: 'a' }, { key_ops: ['verify'], attributes: { enabled: false, exp: 9 } });
    await call('KeyCreate', { name: 'b' }, ec('P-256'));
    await call('KeyDelete', { name: 'b' });
    for (const projection of keyProjections) {
      const read = () => Promise.all(projection.tables.map((table) => rowsOf(setup.ports.database, table)));
      const live = await read();
      expect(await rebuildProjection(setup.ports.database, projection)).toBeGreaterThan(0);
      expect(await read()).toEqual(live);
    }
  });
});
