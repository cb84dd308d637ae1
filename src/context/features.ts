import { type Files, storiesOf } from './files.ts';
import type { Memory, MemoryPiece } from './memory.ts';
import { NAME_CAPITAL, NAME_PLAIN } from './name-table.ts';

/** What is known of a piece, in the order of `FEATURES`. */
export type Row = number[];

/** The features' names, for the table of weights. */
export const FEATURES = [
  'bias',
  'isEdited',
  'isNew',
  'dupLater',
  'stale',
  'age',
  'ageShare',
  'fileEdits',
  'editedAfter',
  'sinceEdit',
  'sinceTouch',
  'reads',
  'partial',
  'userNamed',
  'agentNamed',
  'isDoc',
  'isTest',
  'isConfig',
  'heatMean',
  'heatMax',
  'heatLate',
  'quotedHere',
  'quotedNear',
  'isFirst',
  'pieces',
  'editsSoFar',
  'editing',
  'fileRank',
  'lines',
] as const;

/** Everything about a memory that a piece's features are taken from. */
export interface Facts {
  readonly memory: Memory;
  readonly files: Files;
  readonly lastStep: number;
  /** Per name: the last step in which the agent or a person wrote it; -1: only tools did. */
  readonly mentioned: Float64Array;
  /** Per name: in how many items it stands. */
  readonly spread: Int32Array;
  readonly userWords: Uint8Array;
  /** Per line: the last item that shows it, other than as quoted by an edit; and the last edit that quoted it. */
  readonly shownLast: Int32Array;
  readonly quotedLast: Int32Array;
  readonly writtenLast: Int32Array;
}

export function factsOf(memory: Memory): Facts {
  const facts: Facts = {
    memory,
    files: storiesOf(memory),
    lastStep: memory.items.at(-1)?.step ?? 0,
    mentioned: new Float64Array(memory.names.table.size).fill(-1),
    spread: new Int32Array(memory.names.table.size),
    userWords: new Uint8Array(memory.names.table.size),
    shownLast: new Int32Array(memory.lines.table.size).fill(-1),
    quotedLast: new Int32Array(memory.lines.table.size).fill(-1),
    writtenLast: new Int32Array(memory.lines.table.size).fill(-1),
  };
  const seen = new Int32Array(memory.names.table.size).fill(-1);
  memory.items.forEach((item, index) => {
    const said = item.kind !== 'result';
    const person = said && item.kind !== 'call' && memory.kept[index] === true;
    for (const name of slice(memory.names, index)) {
      if (seen[name] !== index) facts.spread[name] = (facts.spread[name] ?? 0) + 1;
      seen[name] = index;
      if (said) facts.mentioned[name] = item.step;
      if (person) facts.userWords[name] = 1;
    }
    readLines(facts, index);
  });
  return facts;
}

function readLines(facts: Facts, index: number): void {
  const { lines, lineRoles } = facts.memory;
  for (let at = lines.starts[index] ?? 0; at < (lines.starts[index + 1] ?? 0); at += 1) {
    const line = lines.ids[at] ?? 0;
    if (lineRoles[at] === 'old') facts.quotedLast[line] = index;
    else facts.shownLast[line] = index;
    if (lineRoles[at] === 'new') facts.writtenLast[line] = index;
  }
}

function slice(places: Memory['names'], index: number): number[] {
  return places.ids.slice(places.starts[index], places.starts[index + 1]);
}

/** The features of one piece. */
export function rowOf(facts: Facts, index: number): Row {
  const piece = facts.memory.pieces[index] as MemoryPiece;
  const { files, memory } = facts;
  const item = memory.items[piece.item];
  const key = files.keys[piece.item] ?? '';
  const story = files.stories.get(key) ?? { reads: [], edits: [] };
  const age = facts.lastStep - (item?.step ?? 0);
  const stepsSince = (at: number | undefined): number => facts.lastStep - (memory.items[at ?? -1]?.step ?? -1000);
  const touched = Math.max(story.reads.at(-1) ?? -1, story.edits.at(-1) ?? -1);
  const heat = heatOf(facts, piece);
  const lines = lineFacts(facts, piece);
  const near = quotedAround(facts, index);
  const base = (key.split('/').at(-1) ?? '').toLowerCase();
  const named = fileNamed(facts, key);
  const edits = [...files.deeds.keys()].filter((at) => files.deeds[at] === 'edit' && memory.items[at]?.kind === 'call');
  return [
    1,
    item?.kind === 'result' && files.deeds[piece.item] === 'edit' ? 1 : 0,
    item?.kind === 'call' && piece.role === 'new' ? 1 : 0,
    lines.later,
    lines.stale,
    Math.log1p(age),
    age / Math.max(1, facts.lastStep),
    Math.log1p(story.edits.length),
    story.edits.some((at) => at > piece.item) ? 1 : 0,
    story.edits.length === 0 ? 0 : 1 / (1 + stepsSince(story.edits.at(-1)) / 5),
    1 / (1 + stepsSince(touched) / 5),
    Math.log1p(story.reads.length),
    files.partial[piece.item] === true ? 1 : 0,
    named.user,
    named.agent,
    /\.(md|mdx|txt|rst)$/.test(base) ? 1 : 0,
    /test|spec/.test(key.toLowerCase()) ? 1 : 0,
    /\.(json|ya?ml|toml|lock|ini|cfg|sum|mod)$/.test(base) ? 1 : 0,
    heat.mean,
    heat.max,
    heat.late,
    lines.quoted,
    near,
    memory.pieces[index - 1]?.item === piece.item ? 0 : 1,
    Math.log1p((item?.tokens ?? 0) / 110),
    Math.log1p(edits.length),
    edits.filter((at) => facts.lastStep - (memory.items[at]?.step ?? 0) < 8).length / 8,
    story.reads.length > 0 && story.reads.at(-1) !== piece.item ? 1 : 0,
    Math.log1p(piece.linesTo - piece.linesFrom),
  ];
}

/** How lately the agent and the user wrote this piece's names, rare names counting more. */
function heatOf(facts: Facts, piece: MemoryPiece): { mean: number; max: number; late: number } {
  const { memory } = facts;
  const born = memory.items[piece.item]?.step ?? 0;
  let sum = 0;
  let weight = 0;
  let max = 0;
  let late = 0;
  for (let at = piece.namesFrom; at < piece.namesTo; at += 1) {
    const name = memory.names.ids[at] ?? 0;
    const kind = memory.names.table.kinds[name] ?? NAME_PLAIN;
    if (kind === NAME_PLAIN || kind === NAME_CAPITAL) continue;
    const rare = 1 / Math.sqrt(facts.spread[name] ?? 1);
    const step = facts.mentioned[name] ?? -1;
    const heat = step < 0 ? 0 : Math.exp((step - facts.lastStep) / 15);
    sum += heat * rare;
    weight += rare;
    max = Math.max(max, heat * rare);
    if (step > born) late = Math.max(late, rare);
  }
  return { mean: weight === 0 ? 0 : sum / weight, max, late };
}

/** Shares of a piece's lines: shown again later, quoted later and not shown since, quoted or written by any edit. */
function lineFacts(facts: Facts, piece: MemoryPiece): { later: number; stale: number; quoted: number } {
  let later = 0;
  let stale = 0;
  let quoted = 0;
  for (let at = piece.linesFrom; at < piece.linesTo; at += 1) {
    const line = facts.memory.lines.ids[at] ?? 0;
    if ((facts.shownLast[line] ?? -1) > piece.item) later += 1;
    else if ((facts.quotedLast[line] ?? -1) >= piece.item) stale += 1;
    if ((facts.quotedLast[line] ?? -1) >= 0 || (facts.writtenLast[line] ?? -1) >= 0) quoted += 1;
  }
  const all = Math.max(1, piece.linesTo - piece.linesFrom);
  return { later: later / all, stale: stale / all, quoted: quoted / all };
}

function quotedAround(facts: Facts, index: number): number {
  const piece = facts.memory.pieces[index] as MemoryPiece;
  const around = [index - 1, index + 1].map((at) => facts.memory.pieces[at]);
  const near = around.flatMap((one) => (one?.item === piece.item ? [lineFacts(facts, one).quoted] : []));
  return Math.max(0, ...near);
}

const namedCache = new WeakMap<Facts, Map<string, { user: number; agent: number }>>();

/** Whether people named the file, and how lately the agent did. */
function fileNamed(facts: Facts, key: string): { user: number; agent: number } {
  const cache = namedCache.get(facts) ?? new Map<string, { user: number; agent: number }>();
  namedCache.set(facts, cache);
  const known = cache.get(key);
  if (known) return known;
  const base = key.split('/').at(-1) ?? '';
  let user = 0;
  let agent = 0;
  facts.memory.items.forEach((item, index) => {
    if (base === '' || item.kind === 'result' || facts.files.keys[index] === key || !item.text.includes(base)) return;
    if (item.kind !== 'call' && facts.memory.kept[index] === true && item.kind !== 'assistant') user = 1;
    else agent = Math.exp((item.step - facts.lastStep) / 20);
  });
  const named = { user, agent };
  cache.set(key, named);
  return named;
}
