import { clean, type Line, type Style } from './output.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** A text of plain characters is as wide as it is long: of 10,000 rows nearly every cell, so it is looked at once. */
type Measured = string | (Cell & { readonly width: number });

/** Columns as wide as their widest cell, two spaces between them, heads in bold. A cell that is longer than `cellMax` is cut. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
): readonly Line[] {
  const bold = heads.map((text): Cell => ({ text, style: 'bold' }));
  const cells = [bold, ...rows].map(measureAll);
  const widths = heads.map(() => 0);
  for (const row of cells) {
    for (let column = 0; column < row.length; column++) {
      const width = widthOf(row[column] ?? '');
      if (width > (widths[column] ?? 0)) widths[column] = width;
    }
  }
  return cells.map((row) => lineOf(row, widths));
}

const cellMax = 60;

/** The very row when all of its cells are as wide as they are long. */
function measureAll(row: readonly (string | Cell)[]): readonly Measured[] {
  return row.every(isSimple) ? (row as readonly string[]) : row.map(measure);
}

function isSimple(cell: string | Cell): boolean {
  return typeof cell === 'string' && cell.length <= cellMax && isPlain(cell);
}

function measure(cell: string | Cell): Measured {
  if (typeof cell === 'string' && isSimple(cell)) return cell;
  const { text, ...rest } = typeof cell === 'string' ? { text: cell } : cell;
  // By code points: near enough where East Asian and joined characters are rare.
  const points = Array.from(clean(text));
  const shown = points.length <= cellMax ? points : [...points.slice(0, cellMax - 1), '…'];
  return { ...rest, text: shown.join(''), width: shown.length };
}

function widthOf(cell: Measured): number {
  return typeof cell === 'string' ? cell.length : cell.width;
}

/** One text where no cell has a style. */
function lineOf(row: readonly Measured[], widths: readonly number[]): Line {
  const styled: (string | { text: string; style: Style })[] = [];
  let text = '';
  for (let column = 0; column < row.length; column++) {
    const cell = row[column] ?? '';
    const width = column < widths.length - 1 ? (widths[column] ?? 0) + 2 : 0;
    if (typeof cell === 'string') {
      text += cell.padEnd(width);
      continue;
    }
    if (cell.style === undefined) text += cell.text;
    else {
      styled.push(text, { text: cell.text, style: cell.style });
      text = '';
    }
    text += ' '.repeat(Math.max(0, width - cell.width));
  }
  return styled.length === 0 ? text : [...styled, text];
}

function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
