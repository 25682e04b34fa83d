/**
 * What a token lets out: `node custody.mjs MODULE LABEL PIN`, run by tests/int/hsm-custody.int.spec.ts in a process of its own,
 * since it loads the module and asks it for everything that it must not give. Prints a line for each check that holds.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { CKA, CKK, CKM, CKO } from '../dist/cryptoki/constants.js';
import { generateKey, importKey, loadKey } from '../dist/child/keys.js';
import { Token } from '../dist/child/token.js';
import { WrappingKeys } from '../dist/child/wrapping-keys.js';

const [module, label, pin] = process.argv.slice(2);
const token = Token.open({ module, token: label, pin: Buffer.from(pin) });
const wrapping = new WrappingKeys(token);

function check(title, body) {
  body();
  console.log(title);
}

const flags = (object, types) => types.map((type) => token.attribute(object, type)[0] === 1);

/** In use, no call takes the key out: it is not read, and no key wraps it, not even the one that it was wrapped under. */
function assertHeld(kty, made) {
  for (const use of kty === 'oct' ? ['cipher', 'mac'] : ['cipher']) {
    const object = loadKey(token, wrapping, kty, use, made);
    const custody = flags(object, [CKA.SENSITIVE, CKA.PRIVATE, CKA.EXTRACTABLE, CKA.TOKEN]);
    assert.deepEqual(custody, [true, true, false, false]);
    const secret = kty === 'RSA' ? CKA.PRIVATE_EXPONENT : CKA.VALUE;
    assert.throws(() => token.attribute(object, secret), /^Error: CKR_ATTRIBUTE_SENSITIVE:/);
    for (const mechanism of [CKM.AES_KEY_WRAP, CKM.AES_KEY_WRAP_PAD]) {
      assert.throws(() => token.wrap(mechanism, wrapping.current().handle, object), /^Error: CKR_KEY_UNEXTRACTABLE:/);
    }
    token.destroy(object);
  }
}

const wrappingTemplate = (id, extractable) => [
  { type: CKA.CLASS, value: CKO.SECRET_KEY },
  { type: CKA.KEY_TYPE, value: CKK.AES },
  { type: CKA.VALUE_LEN, value: 32 },
  { type: CKA.LABEL, value: 'coffer-wrapping-key' },
  { type: CKA.ID, value: id },
  ...[CKA.TOKEN, CKA.PRIVATE, CKA.SENSITIVE, CKA.WRAP, CKA.UNWRAP].map((type) => ({ type, value: true })),
  { type: CKA.EXTRACTABLE, value: extractable },
  ...[CKA.ENCRYPT, CKA.DECRYPT].map((type) => ({ type, value: false })),
];

check('a key that was made is held', () => {
  for (const spec of [
    { kty: 'RSA', keySize: 2048, publicExponent: 65537 },
    { kty: 'RSA', keySize: 2048, publicExponent: 3 },
    { kty: 'EC', crv: 'P-256' },
    { kty: 'EC', crv: 'P-521' },
    { kty: 'EC', crv: 'P-256K' },
    { kty: 'oct', keySize: 128 },
    { kty: 'oct', keySize: 256 },
  ]) {
    assertHeld(spec.kty, generateKey(token, wrapping, spec));
  }
});

check('a key that was taken in is held', () => {
  const der = { format: 'der', type: 'pkcs8' };
  for (const [spec, bytes] of [
    [{ kty: 'RSA', keySize: 3072 }, generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey.export(der)],
    [{ kty: 'EC', crv: 'P-384' }, generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export(der)],
    [{ kty: 'oct', keySize: 192 }, randomBytes(24)],
  ]) {
    const made = importKey(token, wrapping, spec, bytes);
    assertHeld(spec.kty, made);
    assert.equal(Buffer.from(made.wrapped).includes(bytes.subarray(-24)), false);
  }
});

check('no object is left behind but the one that wraps all others', () => {
  const objects = [CKO.SECRET_KEY, CKO.PRIVATE_KEY, CKO.PUBLIC_KEY].flatMap((value) =>
    token.find([{ type: CKA.CLASS, value }]),
  );
  assert.equal(objects.length, 1);
  const [kek] = objects;
  assert.deepEqual(flags(kek, [CKA.TOKEN, CKA.SENSITIVE, CKA.WRAP, CKA.UNWRAP]), [true, true, true, true]);
  assert.deepEqual(flags(kek, [CKA.EXTRACTABLE, CKA.ENCRYPT, CKA.DECRYPT]), [false, false, false]);
  assert.throws(() => token.attribute(kek, CKA.VALUE), /^Error: CKR_ATTRIBUTE_SENSITIVE:/);
});

check('no key is opened that was changed, or is of another token', () => {
  const made = generateKey(token, wrapping, { kty: 'EC', crv: 'P-256' });
  for (let at = 0; at < made.wrapped.length; at += 1) {
    const wrapped = Buffer.from(made.wrapped);
    wrapped[at] ^= 1;
    assert.throws(() => loadKey(token, wrapping, 'EC', 'cipher', { ...made, wrapped }));
  }
  const foreign = { ...made, wrappedBy: '00'.repeat(16) };
  assert.throws(() => loadKey(token, wrapping, 'EC', 'cipher', foreign), { failure: 'unusable' });
});

check('of several wrapping keys the lowest is used, and what any of them wrapped is opened', () => {
  const spec = { kty: 'oct', keySize: 256 };
  const before = generateKey(token, wrapping, spec);
  token.generate(CKM.AES_KEY_GEN, wrappingTemplate(Buffer.alloc(16), false));
  const others = new WrappingKeys(token);
  const made = generateKey(token, others, spec);
  assert.equal(made.wrappedBy, '00'.repeat(16));
  assert.notEqual(made.wrappedBy, before.wrappedBy);
  for (const key of [before, made]) {
    for (const keys of [wrapping, others]) token.destroy(loadKey(token, keys, 'oct', 'cipher', key));
  }
});

check('nothing is wrapped under a key that could be read', () => {
  token.generate(CKM.AES_KEY_GEN, wrappingTemplate(Buffer.alloc(15), true));
  assert.throws(() => new WrappingKeys(token).current(), { failure: 'unusable' });
});

token.close();
