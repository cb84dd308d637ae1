import { type Files, filesOf, type ToldCalls } from './files.ts';
import type { AdmittedItem } from './flash-item.ts';
import type { HashTable } from './hash-table.ts';
import type { IntList } from './int-list.ts';
import type { NameTable } from './name-table.ts';
import type { RowList } from './pieces.ts';
import { protectedItems } from './protect.ts';
import { type Reading, Readings, type ReadStretch } from './readings.ts';
import { mayBeCut, type Stretch } from './stretches.ts';

/** What stands where in texts: item `i` has those from `starts[i]` to `ends[i]`. */
export interface Places {
  /** The characters at which they stand. */
  readonly at: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Names or lines by their numbers, which are below `table.size`. */
export interface NumberedPlaces<Table> extends Places {
  readonly table: Table;
  readonly ids: Int32Array;
}

/** A memory read once: every name and line where it stands. */
export interface Memory {
  readonly items: readonly AdmittedItem[];
  readonly kept: readonly boolean[];
  readonly files: Files;
  readonly names: NumberedPlaces<NameTable>;
  /** And what each line is to its file: see `ROLES`. */
  readonly lines: NumberedPlaces<HashTable> & { readonly roles: Int32Array };
  /** Where lines begin that a file tool numbered, and where their text does. */
  readonly numbered: Places & { readonly behind: Int32Array };
  /** Per item the parts that hold text. */
  readonly stretches: readonly (readonly ReadStretch[])[];
  /** The rows of the stretches of an item that may be cut: a range of the list for each. */
  readonly rows: { readonly list: RowList; readonly of: (item: number) => ReturnType<Readings['rowsOf']> };
}

/** Gives the reading of an item, made now or known from before. */
export interface ReadTexts {
  readonly readings: Readings;
  readonly read: (item: AdmittedItem) => Reading;
  readonly told?: ToldCalls;
}

/**
 * Reads items into a memory: one pass over every text for its names, and one for its lines where they may count. What is
 * known of a text is not read again.
 */
export function readMemory(items: readonly AdmittedItem[], texts: ReadTexts = newTexts()): Memory {
  const { readings } = texts;
  const kept = protectedItems(items);
  const files = filesOf(items, texts.told);
  const [names, lines, numbered] = [newRanges(items), newRanges(items), newRanges(items)];
  const read: Reading[] = [];
  const stretches = items.map((item, index) => {
    const reading = texts.read(item);
    read.push(reading);
    names.starts[index] = reading.namesFrom;
    names.ends[index] = reading.namesTo;
    const deed = files.deeds[index];
    const tells = kept[index] === true || deed === 'read' || deed === 'edit';
    if (!tells && !mayBeCut(item)) return [];
    if (!tells && item.kind !== 'result') return readings.stretchesOf(reading).map(withoutLines);
    const lined = readings.linesOf(reading);
    lines.starts[index] = lined.lines.from;
    lines.ends[index] = lined.lines.to;
    numbered.starts[index] = lined.numbered.from;
    numbered.ends[index] = lined.numbered.to;
    return lined.stretches;
  });
  return {
    items,
    kept,
    files,
    names: placesOf(readings.names, names),
    lines: { ...placesOf(readings.lines, lines), roles: readings.lines.roles.values() },
    numbered: {
      at: readings.numbered.at.values(),
      behind: readings.numbered.behind.values(),
      starts: numbered.starts,
      ends: numbered.ends,
    },
    stretches,
    rows: { list: readings.rows, of: (item) => readings.rowsOf(read[item] as Reading) },
  };
}

function newTexts(): ReadTexts {
  const readings = new Readings();
  return { readings, read: (item) => readings.read(item) };
}

function newRanges({ length }: readonly AdmittedItem[]): Pick<Places, 'starts' | 'ends'> {
  return { starts: new Int32Array(length), ends: new Int32Array(length) };
}

/** Its lines tell nothing. */
function withoutLines({ from, to, escaped, role }: Stretch): ReadStretch {
  return { from, to, escaped, role, linesFrom: 0, linesTo: 0 };
}

function placesOf<Table>(
  { ids, at, table }: { readonly ids: IntList; readonly at: IntList; readonly table: Table },
  { starts, ends }: Pick<Places, 'starts' | 'ends'>,
): NumberedPlaces<Table> {
  return { at: at.values(), starts, ends, table, ids: ids.values() };
}
