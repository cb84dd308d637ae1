/** A text's UTF-16 units where a loop reads them several times as fast as from the string. At least 8 zeros follow them. */
export type Units = Uint16Array;

/** Copies a text's units. They are good until the next call: the memory is used again. Asked again, it copies nothing. */
export function unitsOf(text: string): Units {
  if (text === copied) return kept.units;
  const needed = text.length + ZEROS;
  const page = needed <= kept.units.length ? kept : newPage(needed);
  if (page.units.length <= KEPT_MAX) kept = page;
  copied = page === kept ? text : null;
  page.bytes.write(text, 0, text.length * 2, 'utf16le');
  page.units.fill(0, text.length, needed);
  return page.units;
}

const ZEROS = 8;
/** The memory of a longer text is given back. */
const KEPT_MAX = 1 << 20;

interface Page {
  readonly units: Uint16Array;
  /** The same memory. */
  readonly bytes: Buffer;
}

let kept = newPage(1 << 14);
/** The text whose units are kept. */
let copied: string | null = null;

function newPage(needed: number): Page {
  const units = new Uint16Array(Math.max(needed, Math.min(needed * 2, KEPT_MAX)));
  return { units, bytes: Buffer.from(units.buffer) };
}
