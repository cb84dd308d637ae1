import type { AdmittedItem } from './flash-item.ts';
import { HashTable } from './hash-table.ts';
import { IntList } from './int-list.ts';
import { scanLines } from './lines.ts';
import { NameTable } from './name-table.ts';
import { scanUnits } from './names.ts';
import { patchOf, ROLES } from './patch.ts';
import { listRows, type RowList } from './pieces.ts';
import { isCuttable, type Stretch, stretchesOf } from './stretches.ts';
import { unitsOf } from './text-units.ts';

/** What of an item its readings hang on. */
export type ReadItem = Pick<AdmittedItem, 'kind' | 'text'>;

/** A stretch and its lines: those from `linesFrom` to `linesTo` (end excluded) of the readings. */
export interface ReadStretch extends Stretch {
  readonly linesFrom: number;
  readonly linesTo: number;
}

/** What one text says by itself: ranges of the lists of its readings, each filled when it is first asked for. */
export interface Reading {
  readonly item: ReadItem;
  readonly namesFrom: number;
  readonly namesTo: number;
  stretches: readonly Stretch[] | null;
  lined: Lined | null;
  rows: readonly Range[] | null;
}

/** The stretches of a text with their lines, and all lines and numbered lines of the text. */
export interface Lined {
  readonly stretches: readonly ReadStretch[];
  readonly lines: Range;
  readonly numbered: Range;
}

/** From one place of a list to another, end excluded. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * What was read out of texts: names, lines and rows, by their numbers and where they stand. All of it hangs on the text and on
 * its item being a call, a result or neither. What many texts say lies in the same few lists, for an object each costs more than
 * what they say. The numbers of names and lines tell nothing of the order in which texts were read.
 */
export class Readings {
  readonly names = { table: new NameTable(), ids: new IntList(), at: new IntList() };
  readonly lines = { table: new HashTable(), ids: new IntList(), at: new IntList(), roles: new IntList() };
  /** Where lines begin that a file tool numbered, and where their text does: of results alone. */
  readonly numbered = { at: new IntList(), behind: new IntList() };
  readonly rows: RowList = { ends: new IntList(), tokens: [] };

  /** Reads a text's names. */
  read(item: ReadItem): Reading {
    const { text, kind } = item;
    const namesFrom = this.names.at.length;
    scanUnits({ text, units: unitsOf(text) }, this.names.table, this.names);
    const namesTo = this.names.at.length;
    return { item: { text, kind }, namesFrom, namesTo, stretches: null, lined: null, rows: null };
  }

  /** The parts that hold text. */
  stretchesOf(reading: Reading): readonly Stretch[] {
    return (reading.stretches ??= stretchesOf(reading.item, unitsOf(reading.item.text)));
  }

  /** The parts that hold text, and their lines. */
  linesOf(reading: Reading): Lined {
    return (reading.lined ??= this.#readLines(reading));
  }

  /** Of each stretch that may be cut, in order, its rows. */
  rowsOf(reading: Reading): readonly Range[] {
    return (reading.rows ??= this.#readRows(reading));
  }

  #readLines(reading: Reading): Lined {
    const { item } = reading;
    const { table, ...places } = this.lines;
    const { at } = places;
    const [linesFrom, numberedFrom] = [at.length, this.numbered.at.length];
    const stretches = this.stretchesOf(reading);
    const units = unitsOf(item.text);
    const list = { ...places, numbered: item.kind === 'result' ? this.numbered : null };
    const read = stretches.map((range): ReadStretch => {
      const { from, to, escaped, role } = range;
      const first = at.length;
      scanLines({ units, range, role: ROLES[role], patch: patchOf(item, range) }, table, list);
      return { from, to, escaped, role, linesFrom: first, linesTo: at.length };
    });
    const lines = { from: linesFrom, to: at.length };
    return { stretches: read, lines, numbered: { from: numberedFrom, to: this.numbered.at.length } };
  }

  #readRows(reading: Reading): Range[] {
    const { item } = reading;
    const stretches = this.stretchesOf(reading);
    const units = unitsOf(item.text);
    const ranges: Range[] = [];
    for (const stretch of stretches) {
      if (!isCuttable(item, stretch)) continue;
      const from = this.rows.ends.length;
      listRows(units, stretch, this.rows);
      ranges.push({ from, to: this.rows.ends.length });
    }
    return ranges;
  }
}
