import type { AdmittedItem } from './flash-item.ts';
import { IntList } from './int-list.ts';
import { scanLines } from './lines.ts';
import { NameTable } from './name-table.ts';
import { scanNames } from './names.ts';
import { protectedItems } from './protect.ts';
import { type Role, type Stretch, stretchesOf } from './stretches.ts';

/** What stands where: the numbers of names or lines in the order of the texts. */
export interface Places {
  readonly table: NameTable;
  /** The numbers, and the characters at which they stand; item `i` has those from `starts[i]` to `starts[i + 1]`. */
  readonly ids: Int32Array;
  readonly at: Int32Array;
  readonly starts: Int32Array;
}

/** A memory read once: every name and line where it stands. */
export interface Memory {
  readonly items: readonly AdmittedItem[];
  readonly kept: readonly boolean[];
  readonly names: Places;
  readonly lines: Places;
  /** Of each line in `lines.ids`: whether an edit quoted it there (`old`), wrote it (`new`), or neither. */
  readonly lineRoles: readonly Role[];
  /** Where lines begin that a file tool numbered; item `i` has those from `starts[i]` to `starts[i + 1]`. */
  readonly numbered: { readonly at: Int32Array; readonly starts: Int32Array };
  /** Per item the parts that hold text. */
  readonly stretches: readonly Stretch[][];
}

/** Reads items into a memory: one pass over every text for its names, one for its lines. */
export function readMemory(items: readonly AdmittedItem[]): Memory {
  const names = newReading();
  const lines = newReading();
  const numbered = newReading();
  const lineRoles: Role[] = [];
  const stretches = items.map(stretchesOf);
  items.forEach((item, index) => {
    for (const reading of [names, lines, numbered]) reading.starts.push(reading.at.length);
    scanNames(item.text, names.table, (name, at) => {
      names.ids.push(name);
      names.at.push(at);
    });
    const isResult = item.kind === 'result';
    for (const range of stretches[index] ?? []) {
      scanLines({ text: item.text, range }, lines.table, (line, at, isNumbered) => {
        if (isNumbered && isResult) numbered.at.push(at);
        if (line < 0) return;
        lines.ids.push(line);
        lines.at.push(at);
        lineRoles.push(range.role);
      });
    }
  });
  for (const reading of [names, lines, numbered]) reading.starts.push(reading.at.length);
  return {
    items,
    kept: protectedItems(items),
    names: placesOf(names),
    lines: placesOf(lines),
    lineRoles,
    numbered: placesOf(numbered),
    stretches,
  };
}

interface Reading {
  readonly table: NameTable;
  readonly ids: IntList;
  readonly at: IntList;
  readonly starts: IntList;
}

function newReading(): Reading {
  return { table: new NameTable(), ids: new IntList(), at: new IntList(), starts: new IntList() };
}

function placesOf({ table, ids, at, starts }: Reading): Places {
  return { table, ids: ids.values(), at: at.values(), starts: starts.values() };
}
