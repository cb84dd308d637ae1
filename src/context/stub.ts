import type { CutMemory } from './cut.ts';
import { CONDENSED, LEAST_NUMBERED, type Run, type RunPart } from './draft.ts';
import { afterLineNumber } from './lines.ts';

/**
 * What stands where a run of pieces stood: its recall id, then for each part either its lines without their numbers, or how
 * many lines left, the first line that told of a failure, and the names that nothing else in the prompt shows:
 *
 *     [archived 0k3x9a2b: lines 1-240, without their numbers]
 *     package strategy
 *     …
 *     [out: lines 60-118; resolveFileMetadata FilePointer ipns_name]
 */
export function renderStub(cut: CutMemory, run: Run, recallId: string): string {
  const item = cut.memory.items[run.item];
  const escaped = item?.kind === 'call';
  const [first, ...rest] = run.parts;
  const blocks = rest.map((part) =>
    part.fate === CONDENSED ? linesOf(cut, part) : `[out: ${outlineOf(cut, part)}]`,
  );
  if (first?.fate === CONDENSED) {
    blocks.unshift(
      `[archived ${recallId}: lines ${numbersOf(cut, run) ?? ''}, without their numbers]`,
      linesOf(cut, first),
    );
  } else if (first !== undefined) {
    blocks.unshift(`[archived ${recallId}: ${outlineOf(cut, first)}]`);
  }
  const stub = blocks.reduce((text, block) => (text.endsWith('\n') ? text + block : `${text}\n${block}`));
  const ended = endsLine(cut, run, escaped) && !stub.endsWith('\n') ? `${stub}\n` : stub;
  return escaped ? JSON.stringify(ended).slice(1, -1) : ended;
}

function textOf(
  { memory, pieces }: CutMemory,
  run: { readonly first: number; readonly last: number },
): string {
  const first = pieces[run.first];
  return memory.items[first?.item ?? 0]?.text.slice(first?.from, pieces[run.last]?.to) ?? '';
}

function endsLine(cut: CutMemory, run: Run, escaped: boolean): boolean {
  return textOf(cut, { first: run.last, last: run.last }).endsWith(escaped ? '\\n' : '\n');
}

function outlineOf(cut: CutMemory, part: RunPart): string {
  const { memory, pieces } = cut;
  const item = memory.items[pieces[part.first]?.item ?? 0];
  const text = textOf(cut, part);
  const numbers = numbersOf(cut, part);
  const lines = text.split(item?.kind === 'call' ? '\\n' : '\n').length;
  const names = part.names.map((name) => memory.names.table.word(name)).join(' ');
  const error = item?.kind === 'result' && item.path === '' ? firstErrorLine(text) : null;
  return [numbers === null ? `${lines} lines` : `lines ${numbers}`, error, names].filter(Boolean).join('; ');
}

function linesOf(cut: CutMemory, part: RunPart): string {
  const lines = textOf(cut, part).split('\n');
  return lines.map((line) => line.slice(afterLineNumber(line, 0, line.length))).join('\n');
}

/** `12-40` where a file tool put numbers before the lines. */
function numbersOf(cut: CutMemory, part: { readonly first: number; readonly last: number }): string | null {
  const numbered = cut.pieces.slice(part.first, part.last + 1).filter((piece) => piece.numbered > 0);
  const count = numbered.reduce((sum, piece) => sum + piece.numbered, 0);
  const text = cut.memory.items[numbered[0]?.item ?? 0]?.text ?? '';
  const [first, last] = [numbered[0], numbered.at(-1)];
  if (count < LEAST_NUMBERED || first === undefined || last === undefined) return null;
  return `${numbersIn(text.slice(first.from, first.to))[0]}-${numbersIn(text.slice(last.from, last.to)).at(-1)}`;
}

function numbersIn(text: string): number[] {
  const numbered = text.split('\n').filter((line) => afterLineNumber(line, 0, line.length) > 0);
  return numbered.map((line) => Number.parseInt(line, 10));
}

/** The first line that tells of a failure, shortened; null if there is none. */
function firstErrorLine(text: string): string | null {
  const at = text.slice(0, ERROR_SEARCH).search(ERROR);
  if (at < 0) return null;
  const from = Math.max(text.lastIndexOf('\n', at) + 1, at - ERROR_CHARACTERS / 2);
  const end = text.indexOf('\n', at);
  const line = text.slice(from, Math.min(end < 0 ? text.length : end, from + ERROR_CHARACTERS));
  return line.trim().replaceAll(']', ')').replace(LONE_SURROGATE, '\ufffd');
}

const ERROR = /\berror\b[:\s[]|Error:|\bFAIL\b|\bfailed\b|panic:|Traceback|fatal:|ERR!/;
const ERROR_SEARCH = 50_000;
const ERROR_CHARACTERS = 140;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
