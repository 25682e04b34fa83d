import { randomBytes } from 'node:crypto';
import { crc32c } from './crc32c.js';
import { insideKafkajs } from './kafkajs-inside.js';

const unsigned = (sum: number) => sum >>> 0;
const library = insideKafkajs('protocol/recordBatch/crc32C') as (bytes: Buffer) => number;

/** RFC 3720, appendix B.4; the last is the check value of the catalogue of parametrised CRC algorithms. */
it.each([
  ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
  ['nothing', Buffer.alloc(0), 0],
  ['the digits 1 to 9', Buffer.from('123456789'), 0xe3069283],
])('CRC-32C of %s', (_, bytes, sum) => {
  expect(unsigned(crc32c(bytes))).toBe(sum);
});

it('agrees with the library at every length and place in memory', () => {
  const bytes = randomBytes(300);
  for (let from = 0; from < 9; from += 1) {
    for (let to = from; to <= bytes.length; to += 1) {
      const part = bytes.subarray(from, to);
      expect(unsigned(crc32c(part))).toBe(library(part));
    }
  }
});
