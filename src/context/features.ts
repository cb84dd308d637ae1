import type { MemoryPiece } from './cut.ts';
import type { Facts } from './facts.ts';
import { IntList } from './int-list.ts';
import { NAME_CAPITAL, NAME_PLAIN } from './name-table.ts';
import { scanNames } from './names.ts';

/** What is known of a piece of a file's content. All of it is from before the pause. */
export interface Features {
  /** Of its names that are no plain words, the one that the agent or a person wrote most lately, rare ones first: 0 to 1. */
  readonly mentioned: number;
  /** The same of what the agent said, its calls aside. */
  readonly said: number;
  /** The same of what searches and commands printed. */
  readonly printed: number;
  /** How much of its names people wrote; logarithm of a sum. */
  readonly byPeople: number;
  /** How many lines and names it has, and how large the whole item is; logarithms. */
  readonly lines: number;
  readonly names: number;
  readonly size: number;
  /** 1: a person named its file. */
  readonly fileNamed: number;
  /** How many times a person spoke since; logarithm. */
  readonly wordsSince: number;
}

/** Reads the features of pieces; each file is looked up once. */
export function featureReader(facts: Facts): (piece: MemoryPiece) => Features {
  const named = new Map<string, number>();
  const { ids, table } = facts.memory.names;
  const counted = new Int32Array(table.size).fill(-1);
  const strengths = strengthsOf(facts);
  const wordsSince = peopleAfter(facts);
  let reading = 0;
  return (piece) => {
    const key = facts.files.keys[piece.item] ?? '';
    const fileNamed = named.get(key) ?? (isNamedByPeople(facts, key) ? 1 : 0);
    named.set(key, fileNamed);
    const { mentioned, said, printed, byPeople } = strongest(strengths, piece, {
      ids,
      counted,
      mark: (reading += 1),
    });
    return {
      mentioned,
      said,
      printed,
      byPeople: Math.log1p(byPeople),
      lines: Math.log1p(piece.linesTo - piece.linesFrom),
      names: Math.log1p(piece.namesTo - piece.namesFrom),
      size: Math.log1p((facts.memory.items[piece.item]?.tokens ?? 0) / ITEM_UNIT),
      fileNamed,
      wordsSince: Math.log1p(wordsSince[piece.item] ?? 0),
    };
  };
}

/** Per item how many times a person spoke after it. */
function peopleAfter({ memory, people }: Facts): Int32Array {
  const after = new Int32Array(memory.items.length);
  let next = people.length;
  for (let index = after.length - 1; index >= 0; index -= 1) {
    after[index] = people.length - next;
    if (people[next - 1] === index) next -= 1;
  }
  return after;
}

const ITEM_UNIT = 110;

/** Steps after which a mention counts a third. */
const MENTION_FADE = 15;

/** Per name what it gives to a piece that has it; worked out once, for most names stand in many pieces. */
interface Strengths {
  readonly mentioned: Float64Array;
  readonly said: Float64Array;
  readonly printed: Float64Array;
  readonly byPeople: Float64Array;
}

function strengthsOf({ memory, names, lastStep }: Facts): Strengths {
  const { length } = names.spread;
  const { kinds } = memory.names.table;
  const [mentioned, said] = [new Float64Array(length), new Float64Array(length)];
  const [printed, byPeople] = [new Float64Array(length), new Float64Array(length)];
  for (let name = 0; name < length; name += 1) {
    byPeople[name] = (names.rarity[name] ?? 0) * (names.byPeople[name] ?? 0);
    const kind = kinds[name];
    const spread = names.spread[name] ?? 0;
    // Of a memory that was read before this one.
    if (spread === 0 || kind === NAME_PLAIN || kind === NAME_CAPITAL) continue;
    const common = Math.sqrt(spread);
    const step = names.mentioned[name] ?? -1;
    if (step >= 0) mentioned[name] = Math.exp((step - lastStep) / MENTION_FADE) / common;
    said[name] = (names.said[name] ?? 0) / common;
    printed[name] = (names.printed[name] ?? 0) / common;
  }
  return { mentioned, said, printed, byPeople };
}

/** Of a piece's names, each once: the largest of each strength, and the sum of what people wrote. */
function strongest(
  strengths: Strengths,
  { namesFrom, namesTo }: MemoryPiece,
  once: { readonly ids: Int32Array; readonly counted: Int32Array; readonly mark: number },
): Pick<Features, 'mentioned' | 'said' | 'printed' | 'byPeople'> {
  const { ids, counted, mark } = once;
  let mentioned = 0;
  let said = 0;
  let printed = 0;
  let byPeople = 0;
  for (let at = namesFrom; at < namesTo; at += 1) {
    const name = ids[at] ?? 0;
    if (counted[name] === mark) continue;
    counted[name] = mark;
    byPeople += strengths.byPeople[name] ?? 0;
    mentioned = larger(mentioned, strengths.mentioned[name] ?? 0);
    said = larger(said, strengths.said[name] ?? 0);
    printed = larger(printed, strengths.printed[name] ?? 0);
  }
  return { mentioned, said, printed, byPeople };
}

function larger(one: number, other: number): number {
  return one < other ? other : one;
}

/** Whether people, or what stands for their words, wrote the file's name. */
function isNamedByPeople(facts: Facts, key: string): boolean {
  const found = { ids: new IntList(), at: new IntList() };
  scanNames(key.split('/').at(-1) ?? '', facts.memory.names.table, found);
  return (facts.names.byPeople[found.ids.at(found.ids.length - 1)] ?? 0) > 0 && found.ids.length > 0;
}
