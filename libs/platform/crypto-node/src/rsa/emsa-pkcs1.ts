/** DER of DigestInfo up to the digest itself (RFC 8017 9.2, note 1). */
const digestInfoPrefixes = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
} as const;

/** Bytes of padding around the content of an EMSA-PKCS1-v1_5 or EME-PKCS1-v1_5 block. */
export const PKCS1_OVERHEAD = 11;

/** The DER of DigestInfo with this digest. */
export function digestInfo(hash: keyof typeof digestInfoPrefixes, digest: Uint8Array): Buffer {
  return Buffer.concat([digestInfoPrefixes[hash], digest]);
}

/**
 * EMSA-PKCS1-v1_5 (RFC 8017 9.2, steps 3 to 5): 00 01 FF … FF 00 ‖ content, as long as the modulus. The content must be
 * at least 11 bytes shorter than the modulus.
 */
export function encodePkcs1(content: Uint8Array, modulusBytes: number): Buffer {
  if (content.length > modulusBytes - PKCS1_OVERHEAD) throw new RangeError('too long for the modulus');
  const block = Buffer.alloc(modulusBytes, 0xff);
  const start = modulusBytes - content.length;
  block[0] = 0;
  block[1] = 1;
  block[start - 1] = 0;
  block.set(content, start);
  return block;
}
