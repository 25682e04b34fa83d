/** Where the content of the DER value at `at` begins and ends (X.690 8.1.3): in DER that was written here. */
export function contentOf(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der[at + 1] ?? 0;
  const lengthBytes = first > 0x7f ? first & 0x7f : 0;
  const start = at + 2 + lengthBytes;
  return { start, end: start + (lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes)) };
}
