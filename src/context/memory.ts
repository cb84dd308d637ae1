import { type Files, filesOf } from './files.ts';
import type { AdmittedItem } from './flash-item.ts';
import { HashTable } from './hash-table.ts';
import { IntList } from './int-list.ts';
import { scanLines } from './lines.ts';
import { NameTable } from './name-table.ts';
import { scanUnits } from './names.ts';
import { protectedItems } from './protect.ts';
import { mayBeCut, type Stretch, stretchesOf } from './stretches.ts';
import { unitsOf } from './text-units.ts';

/** What stands where, in the order of the texts: item `i` has those from `starts[i]` to `starts[i + 1]`. */
export interface Places {
  /** The characters at which they stand. */
  readonly at: Int32Array;
  readonly starts: Int32Array;
}

/** Names or lines by their numbers, which are below `table.size`. */
export interface NumberedPlaces<Table> extends Places {
  readonly table: Table;
  readonly ids: Int32Array;
}

/** A stretch and its lines: those from `linesFrom` to `linesTo` (end excluded) of the memory. */
export interface ReadStretch extends Stretch {
  readonly linesFrom: number;
  readonly linesTo: number;
}

/** A memory read once: every name and line where it stands. */
export interface Memory {
  readonly items: readonly AdmittedItem[];
  readonly kept: readonly boolean[];
  readonly files: Files;
  readonly names: NumberedPlaces<NameTable>;
  readonly lines: NumberedPlaces<HashTable>;
  /** Where lines begin that a file tool numbered. */
  readonly numbered: Places;
  /** Per item the parts that hold text. */
  readonly stretches: readonly (readonly ReadStretch[])[];
}

/** Reads items into a memory: one pass over every text for its names, and one for its lines where they may count. */
export function readMemory(items: readonly AdmittedItem[]): Memory {
  const names = { table: new NameTable(), ids: new IntList(), at: new IntList(), starts: new IntList() };
  const lines = { table: new HashTable(), ids: new IntList(), at: new IntList(), starts: new IntList() };
  const numbered = { at: new IntList(), starts: new IntList() };
  const kept = protectedItems(items);
  const files = filesOf(items);
  const stretches = items.map((item, index) => {
    names.starts.push(names.at.length);
    lines.starts.push(lines.at.length);
    numbered.starts.push(numbered.at.length);
    const units = unitsOf(item.text);
    scanUnits({ text: item.text, units }, names.table, names);
    const deed = files.deeds[index];
    const tells = kept[index] === true || deed === 'read' || deed === 'edit';
    if (!tells && !mayBeCut(item)) return [];
    const list = { ids: lines.ids, at: lines.at, numbered: item.kind === 'result' ? numbered.at : null };
    return stretchesOf(item, units).map((range): ReadStretch => {
      const linesFrom = lines.at.length;
      if (tells || item.kind === 'result') scanLines({ units, range }, lines.table, list);
      const { from, to, escaped, role } = range;
      return { from, to, escaped, role, linesFrom, linesTo: lines.at.length };
    });
  });
  for (const reading of [names, lines, numbered]) reading.starts.push(reading.at.length);
  return {
    items,
    kept,
    files,
    names: { ...placesOf(names), table: names.table, ids: names.ids.values() },
    lines: { ...placesOf(lines), table: lines.table, ids: lines.ids.values() },
    numbered: placesOf(numbered),
    stretches,
  };
}

function placesOf({ at, starts }: { readonly at: IntList; readonly starts: IntList }): Places {
  return { at: at.values(), starts: starts.values() };
}
