import type { CutMemory } from './cut.ts';
import type { Escapes } from './lines.ts';
import { CONDENSED, LEAST_NUMBERED, type Run, type RunPart } from './draft.ts';

/** Writes the stubs of one memory. */
export type StubWriter = (run: Run, recallId: string) => string;

/**
 * What stands where a run of pieces stood: its recall id, then for each part either its lines without their numbers, or how
 * many lines left, the first line that told of a failure, and the names that nothing else in the prompt shows:
 *
 *     [archived 0k3x9a2b: lines 1-240, without their numbers]
 *     package strategy
 *     …
 *     [out: lines 60-118; resolveFileMetadata FilePointer ipns_name]
 *
 * The texts of parts are remembered, for a plan that is aimed again writes most of them again.
 */
export function stubWriter(cut: CutMemory): StubWriter {
  const known = new Map<number, string>();
  const said = (part: RunPart): string => {
    const key = (part.first * cut.pieces.length + part.last) * 4 + part.fate;
    const text = known.get(key) ?? (part.fate === CONDENSED ? linesOf(cut, part) : outlineOf(cut, part));
    known.set(key, text);
    return text;
  };
  return (run, recallId) => renderStub(cut, { run, recallId, said });
}

function renderStub(
  cut: CutMemory,
  {
    run,
    recallId,
    said,
  }: { readonly run: Run; readonly recallId: string; readonly said: (part: RunPart) => string },
): string {
  const escaped = cut.pieces[run.first]?.escaped ?? 0;
  const [end, words] = [LINE_ENDS[escaped], WORDS[escaped]];
  let stub = '';
  for (const part of run.parts) {
    const isFirst = stub === '';
    if (!isFirst && !stub.endsWith(end)) stub += end;
    if (part.fate !== CONDENSED) {
      stub += words(`[${isFirst ? `archived ${recallId}` : 'out'}: ${said(part)}${namesOf(cut, part)}]`);
      continue;
    }
    if (isFirst)
      stub = `[archived ${recallId}: lines ${numbersOf(cut, run) ?? ''}, without their numbers]${end}`;
    // These stand in the text as they are.
    stub += said(part);
  }
  return endsLine(cut, run, end) && !stub.endsWith(end) ? stub + end : stub;
}

function inJson(words: string): string {
  return JSON.stringify(words).slice(1, -1);
}

function asIs(words: string): string {
  return words;
}

/** By how many strings of JSON a text stands in. */
const LINE_ENDS = ['\n', '\\n', '\\\\n'] as const;
const WORDS = [asIs, inJson, (words: string): string => inJson(inJson(words))] as const;

interface PieceRange {
  readonly first: number;
  readonly last: number;
}

function textOf({ memory, pieces }: CutMemory, { first: from, last: to }: PieceRange): string {
  const first = pieces[from];
  return memory.items[first?.item ?? 0]?.text.slice(first?.from, pieces[to]?.to) ?? '';
}

function endsLine({ memory, pieces }: CutMemory, run: Run, end: string): boolean {
  return memory.items[run.item]?.text.endsWith(end, pieces[run.last]?.to) ?? false;
}

function outlineOf(cut: CutMemory, part: RunPart): string {
  const item = cut.memory.items[cut.pieces[part.first]?.item ?? 0];
  const text = textOf(cut, part);
  const numbers = numbersOf(cut, part);
  const lines =
    numbers === null ? `${countLines(text, cut.pieces[part.first]?.escaped ?? 0)} lines` : `lines ${numbers}`;
  const error = item?.kind === 'result' && item.path === '' ? firstErrorLine(text) : '';
  return error === '' ? lines : `${lines}; ${error}`;
}

function countLines(text: string, escaped: Escapes): number {
  const end = LINE_ENDS[escaped];
  let count = 1;
  for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end, at + end.length)) count += 1;
  return count;
}

function namesOf({ memory }: CutMemory, { names }: RunPart): string {
  if (names.length === 0) return '';
  return `; ${names.map((name) => memory.names.table.word(name)).join(' ')}`;
}

/** The lines of a part without their numbers. */
function linesOf({ memory, pieces }: CutMemory, part: PieceRange): string {
  const [first, last] = [pieces[part.first], pieces[part.last]];
  const text = memory.items[first?.item ?? 0]?.text ?? '';
  let from = first?.from ?? 0;
  let lines = '';
  const end = (last?.numberedFrom ?? 0) + (last?.numbered ?? 0);
  for (let n = first?.numberedFrom ?? 0; n < end; n += 1) {
    const at = memory.numbered.at[n] ?? 0;
    lines += text.slice(from, at);
    from = memory.numbered.behind[n] ?? at;
  }
  return lines + text.slice(from, last?.to);
}

/** `12-40` where a file tool put numbers before the lines. */
function numbersOf({ memory, pieces }: CutMemory, part: PieceRange): string | null {
  const text = memory.items[pieces[part.first]?.item ?? 0]?.text ?? '';
  const first = pieces[part.first]?.numberedFrom ?? 0;
  const last = pieces[part.last];
  const end = (last?.numberedFrom ?? 0) + (last?.numbered ?? 0);
  if (end - first < LEAST_NUMBERED) return null;
  return `${numberAt(text, memory.numbered.at[first])}-${numberAt(text, memory.numbered.at[end - 1])}`;
}

function numberAt(text: string, at = 0): number {
  return Number.parseInt(text.slice(at, at + LONGEST_NUMBER).replace('L', ''), 10);
}

/** With the space before it. */
const LONGEST_NUMBER = 40;

/** The first line that tells of a failure, shortened; '' if there is none. */
function firstErrorLine(text: string): string {
  const at = text.slice(0, ERROR_SEARCH).search(ERROR);
  if (at < 0) return '';
  const from = Math.max(text.lastIndexOf('\n', at) + 1, at - ERROR_CHARACTERS / 2);
  const end = text.indexOf('\n', at);
  const line = text.slice(from, Math.min(end < 0 ? text.length : end, from + ERROR_CHARACTERS));
  return line.trim().replaceAll(']', ')').replace(LONE_SURROGATE, '\ufffd');
}

const ERROR = /\berror\b[:\s[]|Error:|\bFAIL\b|\bfailed\b|panic:|Traceback|fatal:|ERR!/;
const ERROR_SEARCH = 50_000;
const ERROR_CHARACTERS = 140;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
