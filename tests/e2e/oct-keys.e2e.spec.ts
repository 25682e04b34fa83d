import { randomBytes } from 'node:crypto';
import { startCoffer, type RunningCoffer } from '../support/coffer.js';
import { ask, tokenFor, vaultResource, type Answer, type WireError } from '../support/https.js';

let coffer: RunningCoffer;
let token: string;

beforeAll(async () => {
  coffer = await startCoffer();
  token = await tokenFor(coffer, vaultResource(coffer));
  for (const key_size of [128, 256]) {
    expect((await post(`/keys/oct-${key_size}/create`, { kty: 'oct', key_size })).status).toBe(200);
  }
});
afterAll(() => coffer.dispose());

function post(path: string, body: unknown, apiVersion = '7.6'): Promise<Answer> {
  return ask(coffer, `${coffer.vaultUrl()}${path}?api-version=${apiVersion}`, { method: 'POST', token, body });
}

const text = (bytes: number): string => randomBytes(bytes).toString('base64url');

async function expectBadParameter(answer: Promise<Answer>, ...words: (string | RegExp)[]): Promise<void> {
  const refused = await answer;
  const { code, message } = refused.json<WireError>().error;
  expect([refused.status, code]).toEqual([400, 'BadParameter']);
  for (const word of words) expect(message).toMatch(word);
}

describe('creating an oct key', () => {
  it.each([0, 64, 129, 512, -128, 2048])('of %i bits is refused', async (key_size) => {
    await expectBadParameter(post('/keys/odd/create', { kty: 'oct', key_size }), 'key_size', '128, 192 or 256');
  });

  it.each(['export', 'import', 'frobnicate'])('for %s is refused', async (op) => {
    await expectBadParameter(post('/keys/odd/create', { kty: 'oct', key_ops: ['encrypt', op] }), 'key_ops');
  });

  it('in hardware is refused', async () => {
    await expectBadParameter(post('/keys/odd/create', { kty: 'oct-HSM' }), 'hardware security module');
  });

  it('works in the oldest api-version, which can do nothing with it', async () => {
    const created = await post('/keys/oct-old/create', { kty: 'oct' }, '2016-10-01');
    expect([created.status, Object.keys(created.json<{ key: object }>().key)]).toEqual([
      200,
      ['kid', 'kty', 'key_ops'],
    ]);
    for (const apiVersion of ['2016-10-01', '7.0', '7.1']) {
      const encrypting = post('/keys/oct-old/encrypt', { alg: 'A256GCM', value: text(5) }, apiVersion);
      await expectBadParameter(encrypting, 'A256GCM', apiVersion);
    }
    expect((await post('/keys/oct-old/encrypt', { alg: 'A256GCM', value: text(5) }, '7.2')).status).toBe(200);
  });
});

describe('an operation with an oct key', () => {
  it.each([
    ['encrypt', { alg: 'A128GCM', value: text(5) }, /size '128'.*size '256'/],
    ['decrypt', { alg: 'A192CBC', value: text(16), iv: text(16) }, /size '192'.*size '256'/],
    ['wrapkey', { alg: 'A128KW', value: text(16) }, /size '128'.*size '256'/],
    ['encrypt', { alg: 'RSA-OAEP', value: text(5) }, /'RSA'.*'oct'/],
    ['sign', { alg: 'ES256', value: text(32) }, /'EC'.*'oct'/],
    ['encrypt', { alg: 'A256CTR', value: text(5) }, 'A256CTR'],
    ['wrapkey', { alg: 'A256GCM', value: text(16) }, 'not supported for key wrapping'],
    ['sign', { alg: 'HS224', value: text(5) }, 'HS224'],
    ['encrypt', { alg: 'A256GCM', value: text(5), iv: text(12) }, `'iv' cannot be given`],
    ['encrypt', { alg: 'A256GCM', value: text(5), aad: '***' }, 'aad'],
    ['encrypt', { alg: 'A256GCM', value: 5 }, 'value'],
    ['encrypt', { alg: 'A256CBC', value: text(16), iv: text(12) }, `'iv'`],
    ['encrypt', { alg: 'A256CBC', value: text(16), iv: text(16), aad: text(5) }, `'aad' cannot be given`],
    ['encrypt', { alg: 'A256CBC', value: text(17), iv: text(16) }, 'multiple of 16'],
    ['decrypt', { alg: 'A256CBC', value: text(16) }, `'iv'`],
    ['decrypt', { alg: 'A256GCM', value: text(16), iv: text(12) }, `'tag'`],
    ['decrypt', { alg: 'A256GCM', value: text(16), tag: text(16) }, `'iv'`],
    ['decrypt', { alg: 'A256GCM', value: text(16), iv: text(12), tag: text(4) }, `'tag'`],
    ['wrapkey', { alg: 'A256KW', value: text(15) }, 'multiple of 8'],
  ])('%s %j is refused and says why', async (operation, body, words) => {
    await expectBadParameter(post(`/keys/oct-256/${operation}`, body), words);
  });

  it('has one answer, byte for byte, to everything that does not decrypt or unwrap', async () => {
    const sealed = (await post('/keys/oct-256/encrypt', { alg: 'A256GCM', value: text(40) })).json();
    const padded = (await post('/keys/oct-256/encrypt', { alg: 'A256CBCPAD', value: text(40) })).json();
    const wrapped = (await post('/keys/oct-256/wrapkey', { alg: 'A256KW', value: text(32) })).json();
    const wrong: [string, object][] = [
      ['decrypt', { ...sealed, alg: 'A256GCM', value: text(40) }],
      ['decrypt', { ...sealed, alg: 'A256GCM', iv: text(12) }],
      ['decrypt', { ...sealed, alg: 'A256GCM', tag: text(16) }],
      ['decrypt', { ...sealed, alg: 'A256GCM', aad: text(1) }],
      ['decrypt', { ...sealed, alg: 'A256GCM', value: '' }],
      ['decrypt', { ...padded, alg: 'A256CBCPAD', value: text(15) }],
      ['decrypt', { ...padded, alg: 'A256CBCPAD', value: '' }],
      ['decrypt', { ...padded, alg: 'A256CBC', value: text(17) }],
      ['unwrapkey', { ...wrapped, alg: 'A256KW', value: text(40) }],
      ['unwrapkey', { ...wrapped, alg: 'A256KW', value: text(3) }],
      ['unwrapkey', { ...wrapped, alg: 'CKM_AES_KEY_WRAP_PAD', value: text(40) }],
    ];
    const answers = await Promise.all(wrong.map(([operation, body]) => post(`/keys/oct-256/${operation}`, body)));
    expect(answers.map(({ status }) => status)).toEqual(wrong.map(() => 400));
    expect(new Set(answers.map(({ text: body }) => body))).toEqual(
      new Set(['{"error":{"code":"BadParameter","message":"The parameter is incorrect."}}']),
    );
  });

  it('takes large values, and leaves what is too large to the limit of requests', async () => {
    const value = text(100_000);
    const sealed = await post('/keys/oct-128/encrypt', { alg: 'A128GCM', value });
    expect(sealed.status).toBe(200);
    expect((await post('/keys/oct-128/decrypt', { ...sealed.json<object>(), alg: 'A128GCM' })).json()['value']).toBe(
      value,
    );
    expect((await post('/keys/oct-128/encrypt', { alg: 'A128GCM', value: text(300_000) })).status).toBe(413);
  });
});
