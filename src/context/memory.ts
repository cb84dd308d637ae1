import type { AdmittedItem } from './flash-item.ts';
import { scanLines } from './lines.ts';
import { NameTable } from './name-table.ts';
import { scanNames } from './names.ts';
import { protectedItems } from './protect.ts';
import { type Role, type Stretch, stretchesOf } from './stretches.ts';

/** What stands where: the numbers of names or lines in the order of the texts. */
export interface Places {
  readonly table: NameTable;
  /** The numbers; item `i` has those from `starts[i]` to `starts[i + 1]`. */
  readonly ids: number[];
  readonly at: number[];
  readonly starts: number[];
}

/** A memory read once: every name and line where it stands. */
export interface Memory {
  readonly items: readonly AdmittedItem[];
  readonly kept: readonly boolean[];
  readonly names: Places;
  readonly lines: Places;
  /** Of each line in `lines.ids`: whether an edit quoted it there (`old`), wrote it (`new`), or neither. */
  readonly lineRoles: Role[];
  /** Per item the parts that hold text. */
  readonly stretches: Stretch[][];
}

/** Reads items into a memory: one pass over every text for its names, one for its lines. */
export function readMemory(items: readonly AdmittedItem[]): Memory {
  const memory: Memory = {
    items,
    kept: protectedItems(items),
    names: newPlaces(),
    lines: newPlaces(),
    lineRoles: [],
    stretches: [],
  };
  items.forEach((item, index) => readItem(memory, item, index));
  memory.names.starts.push(memory.names.ids.length);
  memory.lines.starts.push(memory.lines.ids.length);
  return memory;
}

function newPlaces(): Places {
  return { table: new NameTable(), ids: [], at: [], starts: [] };
}

function readItem(memory: Memory, item: AdmittedItem, index: number): void {
  const { names, lines } = memory;
  names.starts.push(names.ids.length);
  lines.starts.push(lines.ids.length);
  scanNames(item.text, names.table, (name, at) => {
    names.ids.push(name);
    names.at.push(at);
  });
  memory.stretches.push(stretchesOf(item));
  for (const range of memory.stretches[index] ?? []) {
    scanLines({ text: item.text, range }, lines.table, (line, at) => {
      lines.ids.push(line);
      lines.at.push(at);
      memory.lineRoles.push(range.role);
    });
  }
}
