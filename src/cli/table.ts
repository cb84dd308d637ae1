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
  const widths = heads.map((head, column) =>
    Math.max(width(head), ...cells.map((row) => width(row[column]?.text ?? ''))),
  );
  const bold = heads.map((head): Cell => ({ text: head, style: 'bold' }));
  return [bold, ...cells].map((row) => row.flatMap((cell, column) => padded(cell, column, widths)));
}

const cellMax = 60;

function toCell(cell: string | Cell): Cell {
  const { text, ...rest } = typeof cell === 'string' ? { text: cell } : cell;
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
  return Array.from(text).length;
}
