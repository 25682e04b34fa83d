/** Unsigned, big-endian; nothing is zero. */
export function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** Without leading zeros, as RFC 7518 §2 writes integers (Base64urlUInt). */
export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(withoutLeadingZeros(bytes)).toString('base64url');
}

/** Left-padded or cut to `length` bytes; `undefined` when the number is longer than that. */
export function toLength(bytes: Uint8Array, length: number): Uint8Array | undefined {
  const short = withoutLeadingZeros(bytes);
  if (short.length > length) return undefined;
  const padded = new Uint8Array(length);
  padded.set(short, length - short.length);
  return padded;
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first === -1 ? bytes.subarray(bytes.length) : bytes.subarray(first);
}
