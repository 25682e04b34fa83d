import { createHash } from 'node:crypto';
import { createCryptoProvider } from './provider.js';
import { flipped, octKey } from './spec-keys.spec.js';

const provider = createCryptoProvider({ threads: 1 });
afterAll(() => provider.close());

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');

/**
 * HMAC pads its key with zeros up to the block of the hash (RFC 2104 section 2): the RFC's keys become AES-sized ones by
 * doing the same here.
 */
function paddedTo(bytes: number, key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.alloc(bytes - key.length)]);
}

/** RFC 4231 section 4, test cases 1 to 4. */
const cases = [
  {
    key: paddedTo(24, Buffer.alloc(20, 0x0b)),
    data: ascii('Hi There'),
    HS256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    HS384: `afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c
      faea9ea9076ede7f4af152e8b2fa9cb6`,
    HS512: `87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
      daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854`,
  },
  {
    key: paddedTo(16, ascii('Jefe')),
    data: ascii('what do ya want for nothing?'),
    HS256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    HS384: `af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e
      8e2240ca5e69e2c78b3239ecfab21649`,
    HS512: `164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554
      9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737`,
  },
  {
    key: paddedTo(32, Buffer.alloc(20, 0xaa)),
    data: Buffer.alloc(50, 0xdd),
    HS256: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
    HS384: `88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b
      2a5ab39dc13814b94e3ab6e101a34f27`,
    HS512: `fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39
      bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb`,
  },
  {
    key: paddedTo(32, hex('0102030405060708090a0b0c0d0e0f10111213141516171819')),
    data: Buffer.alloc(50, 0xcd),
    HS256: '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    HS384: `3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e
      6801dd23c4a7d679ccf8a386c674cffb`,
    HS512: `b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db
      a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd`,
  },
];

describe.each(['HS256', 'HS384', 'HS512'] as const)('RFC 4231 with %s', (alg) => {
  it.each([0, 1, 2, 3])('gives the result of test case %# and verifies it', async (index) => {
    const vector = cases[index];
    if (vector === undefined) throw new Error('no such case');
    const handle = octKey(provider, vector.key);
    const mac = hex(vector[alg]);
    expect(await provider.sign(handle, alg, vector.data)).toEqual(mac);
    expect(await provider.verify(handle, alg, vector.data, mac)).toBe(true);
  });

  it('holds no changed, shortened or lengthened result for good, nor one of other data', async () => {
    const [{ key, data, [alg]: text }] = cases as [(typeof cases)[number]];
    const handle = octKey(provider, key);
    const mac = hex(text);
    const wrong = [...[...mac.keys()].map((i) => flipped(mac, i)), mac.subarray(1), Buffer.alloc(0)];
    wrong.push(Buffer.concat([mac, mac]));
    const outcomes = await Promise.all(wrong.map((bytes) => provider.verify(handle, alg, data, bytes)));
    expect(new Set(outcomes)).toEqual(new Set([false]));
    expect(await provider.verify(handle, alg, data.subarray(1), mac)).toBe(false);
  });
});

describe('RFC 4231 test cases 6 and 7', () => {
  // HMAC hashes a key longer than the block first (RFC 2104 section 2); SHA-256 makes an AES-sized one of it.
  const key = createHash('sha256').update(Buffer.alloc(131, 0xaa)).digest();

  it.each([
    [
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ])('with %s', async (data, mac) => {
    expect(await provider.sign(octKey(provider, key), 'HS256', ascii(data))).toEqual(hex(mac));
  });
});
