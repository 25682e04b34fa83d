/**
 * `node trusted.mjs MODULE LABEL PIN SO_PIN`, run by tests/int/hsm-custody.int.spec.ts: the security officer makes the wrapping
 * key and declares it trusted; keys on their way into storage are then wrapped by no other key.
 */
import assert from 'node:assert/strict';
import { loadCryptoki } from '../dist/cryptoki/addon.js';
import { CKA, CKF, CKK, CKM, CKO } from '../dist/cryptoki/constants.js';
import { generateKey, loadKey } from '../dist/child/keys.js';
import { Token } from '../dist/child/token.js';
import { WrappingKeys } from '../dist/child/wrapping-keys.js';

const [module, label, pin, soPin] = process.argv.slice(2);
const CKU_SO = 0;
const set = (types, value) => types.map((type) => ({ type, value }));

const officer = loadCryptoki(module);
officer.C_Initialize();
const slot = officer.C_GetSlotList(true).find((each) => officer.C_GetTokenInfo(each).label.trimEnd() === label);
const session = officer.C_OpenSession(slot, CKF.SERIAL_SESSION | CKF.RW_SESSION);
officer.C_Login(session, CKU_SO, soPin);
officer.C_GenerateKey(session, { mechanism: CKM.AES_KEY_GEN }, [
  { type: CKA.CLASS, value: CKO.SECRET_KEY },
  { type: CKA.KEY_TYPE, value: CKK.AES },
  { type: CKA.VALUE_LEN, value: 32 },
  { type: CKA.LABEL, value: 'coffer-wrapping-key' },
  { type: CKA.ID, value: Buffer.from('officer') },
  ...set([CKA.TOKEN, CKA.SENSITIVE, CKA.WRAP, CKA.UNWRAP, CKA.TRUSTED], true),
  // The security officer has no private objects.
  ...set([CKA.PRIVATE, CKA.EXTRACTABLE, CKA.ENCRYPT, CKA.DECRYPT], false),
]);
officer.C_Finalize();

const token = Token.open({ module, token: label, pin: Buffer.from(pin) });
const wrapping = new WrappingKeys(token);
assert.deepEqual([wrapping.current().id, wrapping.current().trusted], [Buffer.from('officer').toString('hex'), true]);
const rogue = token.generate(CKM.AES_KEY_GEN, [
  { type: CKA.VALUE_LEN, value: 32 },
  ...set([CKA.WRAP, CKA.PRIVATE], true),
  ...set([CKA.TOKEN], false),
]);

/** Tries to wrap each key by another one at the moment that it can be wrapped at all. */
const wrap = token.wrap.bind(token);
let refused = 0;
token.wrap = (mechanism, by, key) => {
  assert.throws(() => wrap(mechanism, rogue, key), /^Error: CKR_KEY_NOT_WRAPPABLE:/);
  refused += 1;
  return wrap(mechanism, by, key);
};
for (const spec of [
  { kty: 'RSA', keySize: 2048, publicExponent: 65537 },
  { kty: 'EC', crv: 'P-256' },
  { kty: 'oct', keySize: 256 },
]) {
  loadKey(token, wrapping, spec.kty, 'cipher', generateKey(token, wrapping, spec));
}
assert.equal(refused, 3);
token.close();
