/** A name as one step of a part's path: what could mean something else there is written as `%XX`, a byte each. */
export function partName(name: string): string {
  const escaped = Array.from(Buffer.from(name, 'utf8'), escapedByte).join('').replace(/^\./, '%2e');
  return escaped === '' ? '%' : escaped;
}

function escapedByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_.-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
}
