import { clean, type Line, type Style } from './output.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** Columns as wide as their widest cell, two spaces between them, heads in bold. A cell that is longer than `cellMax` is cut. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
): readonly Line[] {
  const cells = rows.map((row) => row.map(toCell));
  const widths = heads.map(width);
  for (const row of cells)
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, width(cell.text));
  const bold = heads.map((head): Cell => ({ text: head, style: 'bold' }));
  return [bold, ...cells].map((row) => lineOf(row, widths));
}

/** One text where no cell has a style: there may be 10,000 rows. */
function lineOf(row: readonly Cell[], widths: readonly number[]): Line {
  const parts = row.flatMap((cell, column) => padded(cell, column, widths));
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

const cellMax = 60;

function toCell(cell: string | Cell): Cell {
  const { text, ...rest } = typeof cell === 'string' ? { text: cell } : cell;
  if (text.length <= cellMax && isPlain(text)) return { ...rest, text };
  const points = Array.from(clean(text));
  return {
    ...rest,
    text: points.length <= cellMax ? points.join('') : `${points.slice(0, cellMax - 1).join('')}…`,
  };
}

function padded(
  cell: Cell,
  column: number,
  widths: readonly number[],
): readonly (string | { text: string; style: Style })[] {
  const isLast = column === widths.length - 1;
  const padding = isLast ? '' : ' '.repeat((widths[column] ?? 0) - width(cell.text) + 2);
  return [cell.style === undefined ? cell.text : { text: cell.text, style: cell.style }, padding];
}

/** By code points: near enough where East Asian and joined characters are rare. */
function width(text: string): number {
  return isPlain(text) ? text.length : Array.from(text).length;
}

/** Nearly every cell is, and of 10,000 rows the rest of the work is not worth it. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
