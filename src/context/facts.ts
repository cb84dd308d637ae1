import type { Files } from './files.ts';
import type { Memory } from './memory.ts';
import { NAME_NUMBER, NAME_PLAIN } from './name-table.ts';
import { ROLES } from './patch.ts';

/** What happened so far, as far as it tells which names and lines will be used again. Steps, never hours: nothing here ages. */
export interface Facts {
  readonly memory: Memory;
  readonly files: Files;
  readonly lastStep: number;
  /** The items in which a person spoke, in order. */
  readonly people: readonly number[];
  readonly names: NameFacts;
  readonly lines: LineFacts;
}

/** Per name. */
export interface NameFacts {
  /** The last step in which the agent or a person wrote it; -1: only tools did. */
  readonly mentioned: Float64Array;
  /** How many times it stands in the memory, and in how many items. */
  readonly counts: Int32Array;
  readonly spread: Int32Array;
  /** How much it says: rare names say more. */
  readonly rarity: Float64Array;
  /** 0 to 1: how lately a person wrote it, the agent said it in words of its own, and a search or a command printed it. */
  readonly byPeople: Float64Array;
  readonly said: Float64Array;
  readonly printed: Float64Array;
}

/** Per line: the last item that shows it as the content of a file, and the last edit that replaced it; -1: none. */
export interface LineFacts {
  readonly shown: Int32Array;
  readonly replaced: Int32Array;
}

/** Gathers the facts of a memory in one pass over its names and lines. */
export function factsOf(memory: Memory): Facts {
  const { items } = memory;
  const facts: Facts = {
    memory,
    files: memory.files,
    lastStep: items.at(-1)?.step ?? 0,
    people: [...items.keys()].filter((index) => items[index]?.kind === 'user'),
    names: newNameFacts(memory.names.table.size),
    lines: newLineFacts(memory.lines.table.size),
  };
  const seen = new Int32Array(memory.names.table.size).fill(-1);
  for (let index = 0; index < items.length; index += 1) {
    gatherNames(facts, index, seen);
    gatherLines(facts, index);
  }
  const { spread, rarity } = facts.names;
  for (let name = 0; name < spread.length; name += 1) {
    const kind = memory.names.table.kinds[name] ?? NAME_PLAIN;
    rarity[name] = rarityOf(kind, items.length / ((spread[name] ?? 0) + 1));
  }
  return facts;
}

function newNameFacts(size: number): NameFacts {
  return {
    mentioned: new Float64Array(size).fill(-1),
    counts: new Int32Array(size),
    spread: new Int32Array(size),
    rarity: new Float64Array(size),
    byPeople: new Float64Array(size),
    said: new Float64Array(size),
    printed: new Float64Array(size),
  };
}

function newLineFacts(size: number): LineFacts {
  return { shown: new Int32Array(size).fill(-1), replaced: new Int32Array(size).fill(-1) };
}

function rarityOf(kind: number, items: number): number {
  if (kind === NAME_NUMBER) return 0;
  return Math.log1p(items) * (kind === NAME_PLAIN ? 0.5 : 1);
}

/** Steps after which a word of a person, and one of the agent's, counts a third. */
const PEOPLE_FADE = 60;
const AGENT_FADE = 20;

function gatherNames(facts: Facts, index: number, seen: Int32Array): void {
  const { memory, lastStep } = facts;
  const { ids, starts, ends } = memory.names;
  const { counts, spread, mentioned } = facts.names;
  const item = memory.items[index];
  if (item === undefined) return;
  const mentions = item.kind !== 'result';
  const by = listOf(facts, index);
  const fade = Math.exp((item.step - lastStep) / (by === facts.names.byPeople ? PEOPLE_FADE : AGENT_FADE));
  const end = ends[index] ?? 0;
  for (let at = starts[index] ?? 0; at < end; at += 1) {
    const name = ids[at] ?? 0;
    counts[name] = (counts[name] ?? 0) + 1;
    if (seen[name] !== index) spread[name] = (spread[name] ?? 0) + 1;
    seen[name] = index;
    if (mentions) mentioned[name] = item.step;
    // Steps never go back: the last that wrote it is the latest.
    if (by !== null) by[name] = fade;
  }
}

/** Whose word an item is; null: a call, or what a file holds. */
function listOf({ memory, files, names }: Facts, index: number): Float64Array | null {
  const { kind = '' } = memory.items[index] ?? {};
  if (isPeoples(kind)) return names.byPeople;
  const deed = files.deeds[index];
  if (kind === 'call') return null;
  if (kind !== 'result') return deed === 'edit' ? null : names.said;
  return deed === 'read' || deed === 'edit' ? null : names.printed;
}

/** What people said or what stands for it. */
function isPeoples(kind: string): boolean {
  return (
    kind === 'user' || kind === 'task' || kind === 'instructions' || kind === 'meta' || kind === 'summary'
  );
}

/** A failed edit replaced nothing. What a search or a command printed is not a file's content: it leaves first. */
function gatherLines(facts: Facts, index: number): void {
  const { memory, files } = facts;
  const failed = files.failed.has(index);
  const { shown, replaced } = facts.lines;
  const kept = memory.kept[index] === true;
  for (const { role, linesFrom, linesTo } of memory.stretches[index] ?? []) {
    const holds = files.holds(index, role);
    for (let at = linesFrom; at < linesTo; at += 1) {
      const line = memory.lines.ids[at] ?? 0;
      const own = memory.lines.roles[at];
      if (own === ROLES.old && !failed) replaced[line] = index;
      if (own === ROLES.old) continue;
      if (kept || (holds && !(failed && own === ROLES.new))) shown[line] = index;
    }
  }
}
