/** A name as one step of a part's path: what could mean something else there is written as `%XX`, a byte each. */
export function partName(name: string): string {
  // As most names are.
  if (/^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/.test(name)) return name;
  const escaped = Array.from(Buffer.from(name, 'utf8'), escapedByte).join('').replace(/^\./, '%2e');
  return escaped === '' ? '%' : escaped;
}

/** The way back. */
export function nameOfPart(part: string): string {
  if (part === '%') return '';
  const bytes = part.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function escapedByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_.-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
}
