import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, SignJWT, type JSONWebKeySet, type JWK, type JWTPayload } from 'jose';
import { createTokenVerifier, type TokenVerifierOptions } from './index.js';

const ISSUER = 'https://login.localhost:8443/adfs';
const TENANT = '7c4f5a0e-8d0f-4a53-9a4e-3f2f64d0a001';
const VAULT = 'https://vault.localhost:8443';
const NOW = Date.UTC(2030, 0, 1);

interface TestKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function newKey(kid: string): TestKey {
  return { kid, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}

async function publicJwk(key: TestKey): Promise<JWK> {
  return { ...(await exportJWK(key.publicKey)), kid: key.kid, alg: 'RS256', use: 'sig' };
}

class FakeClock {
  wall = NOW;
  ticks = 0;
  now = (): number => this.wall;
  monotonic = (): number => this.ticks;
  pass(seconds: number): void {
    this.wall += seconds * 1000;
    this.ticks += seconds * 1000;
  }
}

const key = newKey('k1');
const claims = (extra: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  aud: VAULT,
  tid: TENANT,
  oid: 'oid-1',
  appid: 'app-1',
  nbf: NOW / 1000,
  exp: NOW / 1000 + 3600,
  ...extra,
});
const without = (names: readonly string[], extra: JWTPayload = {}): JWTPayload =>
  Object.fromEntries(Object.entries(claims(extra)).filter(([name]) => !names.includes(name)));
const sign = (payload: JWTPayload, header: object = {}, by: TestKey = key): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: by.kid, ...header }).sign(by.privateKey);

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

async function setup(overrides: Partial<TokenVerifierOptions> = {}) {
  const clock = new FakeClock();
  const published: { set: JSONWebKeySet; stored?: JSONWebKeySet } = { set: { keys: [await publicJwk(key)] } };
  const rotation: (() => void)[] = [];
  const asked: boolean[] = [];
  const verifier = createTokenVerifier({
    issuers: [
      {
        issuer: ISSUER,
        tenantId: TENANT,
        jwks: ({ refresh }) => {
          asked.push(refresh);
          if (refresh && published.stored !== undefined) published.set = published.stored;
          return Promise.resolve(published.set);
        },
        onRotation: (listener) => rotation.push(listener),
      },
    ],
    audiences: { vault: [VAULT, 'https://vault.azure.net/'], management: ['https://m'], audit: ['a'], graph: ['g'] },
    clock,
    clockSkewSeconds: 300,
    ...overrides,
  });
  return {
    clock,
    verifier,
    published,
    asked,
    rotate: () => {
      rotation.forEach((f) => {
        f();
      });
    },
  };
}

const refused = (text: RegExp | string) => ({
  name: 'CofferError',
  code: 'Unauthenticated',
  message:
    typeof text === 'string' ? (expect.stringContaining(text) as string) : (expect.stringMatching(text) as string),
});

describe('claims of a good token', () => {
  it('become the principal', async () => {
    const { verifier } = await setup();
    const token = await sign(claims({ groups: ['g1', 'g2'], idtyp: 'app' }));
    await expect(verifier.verify(token, 'vault')).resolves.toEqual({
      oid: 'oid-1',
      appid: 'app-1',
      tid: TENANT,
      groups: ['g1', 'g2'],
      issuer: ISSUER,
      onBehalfOf: false,
    });
  });

  it('fall back to sub and azp, and mark a delegated token', async () => {
    const { verifier } = await setup();
    const bare = without(['oid', 'appid', 'tid'], { sub: 's', azp: 'z', scp: 'user_impersonation' });
    await expect(verifier.verify(await sign(bare), 'vault')).resolves.toMatchObject({
      oid: 's',
      appid: 'z',
      tid: TENANT,
      onBehalfOf: true,
    });
  });

  it.each([`${VAULT}/`, VAULT, 'https://vault.azure.net'])('accept the audience %s', async (aud) => {
    const { verifier } = await setup();
    await expect(verifier.verify(await sign(claims({ aud })), 'vault')).resolves.toMatchObject({ oid: 'oid-1' });
  });

  it.each(['PS256', 'ES256'])('may be signed with %s', async (alg) => {
    const pair = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : key;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k2', alg };
    const { verifier } = await setup({
      issuers: [{ issuer: ISSUER, tenantId: TENANT, jwks: () => Promise.resolve({ keys: [jwk] }) }],
    });
    const token = await new SignJWT(claims()).setProtectedHeader({ alg, kid: 'k2' }).sign(pair.privateKey);
    await expect(verifier.verify(token, 'vault')).resolves.toMatchObject({ oid: 'oid-1' });
  });
});

describe('a token is refused', () => {
  const cases: [string, string, () => string | Promise<string>][] = [
    ['when it is empty', 'AKV10000', () => ''],
    ['with alg none', 'AKV10001', () => `${part({ alg: 'none' })}.${part(claims())}.`],
    ['with alg none and a signature', 'AKV10001', () => `${part({ alg: 'none', kid: 'k1' })}.${part(claims())}.AAAA`],
    ['when HS256 uses the public key as its secret', 'AKV10001', hmacWithPublicKey],
    ['of a foreign issuer', 'AKV10032', () => sign(claims({ iss: 'https://evil.example/' }))],
    ['without issuer', 'AKV10032', () => sign(without(['iss']))],
    ['of a foreign tenant', "'tid'", () => sign(claims({ tid: '00000000-0000-0000-0000-000000000000' }))],
    ['for a foreign audience', 'AKV10022', () => sign(claims({ aud: 'https://graph.microsoft.com' }))],
    ['without audience', "'aud'", () => sign(without(['aud']))],
    ['without exp', "'exp'", () => sign(without(['exp']))],
    ['with an exp that is no number', "'exp'", () => sign({ ...claims(), ...({ exp: 'soon' } as object) })],
    ['after exp and skew', 'expired', () => sign(claims({ exp: NOW / 1000 - 301 }))],
    ['before nbf and skew', 'not valid yet', () => sign(claims({ nbf: NOW / 1000 + 301 }))],
    ['without oid and sub', "'oid'", () => sign(without(['oid']))],
    ['with an oid that is an object', "'oid'", () => sign(claims({ oid: { $ne: null } }))],
    ['with groups that are no list of texts', "'groups'", () => sign(claims({ groups: [1] }))],
    ['signed by another key under our kid', 'AKV10001', () => sign(claims(), {}, newKey('k1'))],
    ['with an unknown kid', 'AKV10001', () => sign(claims(), { kid: '../../etc/passwd' })],
    ['with a key of its own in the header', 'AKV10001', ownKeyInHeader],
    ['with a critical header we do not know', 'AKV10001', () => headerOnly({ crit: ['x'], x: 1 })],
    ['with an altered payload', 'AKV10001', alteredPayload],
    ['of two segments', 'AKV10001', () => 'a.b'],
    ['of five segments (JWE)', 'AKV10001', () => 'a.b.c.d.e'],
    ['of garbage', 'AKV10001', () => 'x'.repeat(3000)],
    ['with binary segments', 'AKV10001', () => '\u0000\uffff.\u0001.\u0002'],
    ['whose segments are no JSON', 'AKV10001', () => 'AAAA.AAAA.AAAA'],
    ['whose payload is a list', 'AKV10001', () => `${part({ alg: 'RS256' })}.${part([1])}.AAAA`],
    ['whose payload is null', 'AKV10001', () => `${part({ alg: 'RS256' })}.${part(null)}.AAAA`],
    ['whose payload is nested deeply', 'AKV10001', () => nested('payload')],
    ['whose header is nested deeply', 'AKV10001', () => nested('header')],
    ['longer than 16 KiB', 'AKV10001', () => sign(claims({ filler: 'x'.repeat(16_000) }))],
  ];

  it.each(cases)('%s', async (_name, text, make) => {
    const { verifier } = await setup();
    const token = await make();
    await expect(verifier.verify(token, 'vault')).rejects.toMatchObject(refused(text));
    // The second time it must not come out of the memory of verified tokens.
    await expect(verifier.verify(token, 'vault')).rejects.toMatchObject(refused(text));
  });

  it('without its text or control characters in the message', async () => {
    const { verifier } = await setup();
    const token = await sign(claims({ iss: `evil\r\nSet-Cookie: a=b${'x'.repeat(500)}` }));
    const error = await verifier.verify(token, 'vault').catch((e: unknown) => e as Error);
    expect(error).toMatchObject({ message: expect.stringContaining('evil??Set-Cookie') as string });
    expect((error as Error).message).not.toContain(token.split('.')[2]);
    expect((error as Error).message.length).toBeLessThan(400);
  });
});

describe('a token seen before', () => {
  it('is served without asking for keys, and is refused once it has expired', async () => {
    const { verifier, clock, asked } = await setup({ cacheSeconds: 3600 });
    const token = await sign(claims({ exp: NOW / 1000 + 60 }));
    const first = await verifier.verify(token, 'vault');
    const looks = asked.length;
    expect(await verifier.verify(token, 'vault')).toBe(first);
    expect(asked).toHaveLength(looks);
    clock.pass(60 + 299);
    await expect(verifier.verify(token, 'vault')).resolves.toBe(first);
    clock.pass(1);
    await expect(verifier.verify(token, 'vault')).rejects.toMatchObject(refused('expired'));
  });

  it('is refused when the wall clock moves back before nbf', async () => {
    const { verifier, clock } = await setup();
    const token = await sign(claims());
    await verifier.verify(token, 'vault');
    clock.wall -= 301_000;
    await expect(verifier.verify(token, 'vault')).rejects.toMatchObject(refused('not valid yet'));
  });

  it('is still refused for another audience', async () => {
    const { verifier } = await setup();
    const token = await sign(claims());
    await verifier.verify(token, 'vault');
    await expect(verifier.verify(token, 'management')).rejects.toMatchObject(refused('Expected https://m, found'));
  });

  it('is refused at once when its key is withdrawn', async () => {
    const { verifier, published, rotate } = await setup();
    const token = await sign(claims());
    await verifier.verify(token, 'vault');
    published.set = { keys: [await publicJwk(newKey('k9'))] };
    rotate();
    await expect(verifier.verify(token, 'vault')).rejects.toMatchObject(refused('AKV10001'));
  });

  it('is checked again after the cache time, without any word from the issuer', async () => {
    const { verifier, published, clock } = await setup({ cacheSeconds: 10 });
    const token = await sign(claims());
    await verifier.verify(token, 'vault');
    published.set = { keys: [] };
    await expect(verifier.verify(token, 'vault')).resolves.toMatchObject({ oid: 'oid-1' });
    clock.pass(10);
    await expect(verifier.verify(token, 'vault')).rejects.toMatchObject(refused('AKV10001'));
  });
});

describe('keys of the issuer', () => {
  it('are looked at again for an unknown kid, but not for each one', async () => {
    const { verifier, published, asked } = await setup();
    const next = newKey('k2');
    published.stored = { keys: [await publicJwk(key), await publicJwk(next)] };
    await expect(verifier.verify(await sign(claims(), {}, next), 'vault')).resolves.toMatchObject({ oid: 'oid-1' });
    for (const kid of ['a', 'b', 'c']) {
      await expect(verifier.verify(await sign(claims(), { kid }), 'vault')).rejects.toMatchObject(refused('AKV10001'));
    }
    expect(asked.filter((refresh) => refresh)).toHaveLength(1);
  });

  it('that cannot be had make a 503, not a 401', async () => {
    const unreachable = { issuer: ISSUER, tenantId: TENANT };
    for (const keys of [
      { jwks: () => Promise.reject(new Error('database away')) },
      { jwksUri: 'http://127.0.0.1:9/keys' },
    ]) {
      const { verifier } = await setup({ issuers: [{ ...unreachable, ...keys }] });
      await expect(verifier.verify(await sign(claims()), 'vault')).rejects.toMatchObject({
        code: 'ServiceUnavailable',
      });
    }
  });
});

function hmacWithPublicKey(): string {
  const pem = key.publicKey.export({ format: 'pem', type: 'spki' });
  const input = `${part({ alg: 'HS256', kid: 'k1' })}.${part(claims())}`;
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
}

async function ownKeyInHeader(): Promise<string> {
  const own = newKey('mine');
  const jwk = await publicJwk(own);
  return sign(claims(), { jwk, jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x5u' }, own);
}

async function headerOnly(header: object): Promise<string> {
  const token = await sign(claims());
  return [part({ alg: 'RS256', kid: 'k1', ...header }), ...token.split('.').slice(1)].join('.');
}

async function alteredPayload(): Promise<string> {
  const [header, , signature] = (await sign(claims())).split('.');
  return `${String(header)}.${part(claims({ oid: 'administrator' }))}.${String(signature)}`;
}

function nested(where: 'header' | 'payload'): string {
  const deep = Buffer.from('['.repeat(5500) + ']'.repeat(5500)).toString('base64url');
  return where === 'header' ? `${deep}.${part(claims())}.AAAA` : `${part({ alg: 'RS256' })}.${deep}.AAAA`;
}
