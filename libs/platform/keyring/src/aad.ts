import { CofferError } from '@coffer/kernel';

/**
 * Additional authenticated data of several fields: each as its length in bytes (32 bits, big-endian) and its UTF-8, so that
 * no two lists of fields encode to the same bytes. The first field names what the data is for and the encoding's version.
 */
export function aadOf(...fields: readonly string[]): Buffer {
  const lengths = fields.map((field) => Buffer.byteLength(field));
  const encoded = Buffer.alloc(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let offset = 0;
  fields.forEach((field, i) => {
    // A lone surrogate becomes U+FFFD in UTF-8: two different fields would look alike.
    if (!field.isWellFormed()) throw new CofferError('Internal', 'A field of a ciphertext is not well-formed Unicode.');
    offset = encoded.writeUInt32BE(lengths[i] ?? 0, offset);
    offset += encoded.write(field, offset);
  });
  return encoded;
}
