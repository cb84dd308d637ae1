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
      `[archived ${recallId}: lines ${numbersOf(textOf(cut, run)) ?? ''}, without their numbers]`,
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
  const numbers = numbersOf(text);
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
function numbersOf(text: string): string | null {
  const numbered = text.split('\n').filter((line) => afterLineNumber(line, 0, line.length) > 0);
  if (numbered.length < LEAST_NUMBERED) return null;
  return `${Number.parseInt(numbered[0] ?? '', 10)}-${Number.parseInt(numbered.at(-1) ?? '', 10)}`;
}

/** The first line that tells of a failure, shortened; null if there is none. */
function firstErrorLine(text: string): string | null {
  const line = ERROR_LINE.exec(text.slice(0, ERROR_SEARCH))?.[0].trim().replaceAll(']', ')');
  return line === undefined ? null : line.slice(0, ERROR_CHARACTERS).replace(LONE_SURROGATE, '\ufffd');
}

const ERROR_LINE = /^.*(?:\berror\b[:\s[]|Error:|\bFAIL\b|\bfailed\b|panic:|Traceback|fatal:|ERR!).*$/m;
const ERROR_SEARCH = 50_000;
const ERROR_CHARACTERS = 140;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
