/** A larger file is data more often than text, and is not searched. */
export const fileBytesMax = 1024 * 1024;
const headBytes = 8000;

/** The text of a file; null when it is too big to be searched, or binary as git would say: it has a NUL early on. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.length > fileBytesMax) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return buffer.toString('utf16le');
  return buffer.subarray(0, headBytes).includes(0) ? null : buffer.toString('utf8');
}
