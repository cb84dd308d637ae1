import { CONDENSED, type Run, type RunPart } from './draft.ts';
import { afterLineNumber } from './lines.ts';
import type { Memory } from './memory.ts';

/**
 * What stands where a run of pieces stood: its recall id, then for each part either its lines without their numbers, or how
 * many lines left and the names that nothing else in the prompt shows.
 */
export function renderRun(memory: Memory, run: Run, recallId: string): string {
  const escaped = memory.items[run.item]?.kind === 'call';
  const parts = run.parts.map((part) => renderPart(memory, part));
  const first = run.parts[0];
  const head = first?.fate === CONDENSED ? `[archived ${recallId}: ${parts[0]?.about}]\n` : `[archived ${recallId}: ${parts[0]?.about}]`;
  const rest = parts.slice(1).map((part, at) => {
    const about = run.parts[at + 1]?.fate === CONDENSED ? '' : `[${part.about}]`;
    return `${about}${about === '' || part.lines === '' ? '' : '\n'}${part.lines}`;
  });
  const stub = [head + (parts[0]?.lines ?? ''), ...rest].reduce((text, part) => (text.endsWith('\n') ? text + part : `${text}\n${part}`));
  const ended = endsLine(memory, run, escaped) && !stub.endsWith('\n') ? `${stub}\n` : stub;
  return escaped ? JSON.stringify(ended).slice(1, -1) : ended;
}

function endsLine(memory: Memory, run: Run, escaped: boolean): boolean {
  const to = memory.pieces[run.last]?.to ?? 0;
  const text = memory.items[run.item]?.text ?? '';
  return escaped ? text.endsWith('\\n', to) : text.endsWith('\n', to);
}

function renderPart(memory: Memory, part: RunPart): { about: string; lines: string } {
  const item = memory.items[memory.pieces[part.first]?.item ?? 0];
  const text = item?.text ?? '';
  const piece = text.slice(memory.pieces[part.first]?.from, memory.pieces[part.last]?.to);
  const range = lineRange(piece);
  if (part.fate === CONDENSED) return { about: `lines ${range} without their numbers`, lines: withoutNumbers(piece) };
  const error = item?.kind === 'result' && item.path === '' ? firstErrorLine(piece) : null;
  const names = part.names.map((name) => memory.names.table.word(name)).join(' ');
  const about = `${range} lines out${error === null ? '' : `; ${error}`}${names === '' ? '' : `; ${names}`}`;
  return { about, lines: '' };
}

function withoutNumbers(text: string): string {
  return text
    .split('\n')
    .map((line) => line.slice(afterLineNumber(line, 0, line.length)))
    .join('\n');
}

/** `12-40` where lines are numbered, else how many there are. */
function lineRange(text: string): string {
  const lines = text.split(/\n|\\n/);
  const numbers = lines.flatMap((line) => (afterLineNumber(line, 0, line.length) > 0 ? [Number.parseInt(line, 10)] : []));
  if (numbers.length * 2 < lines.length) return String(Math.max(1, lines.length - 1));
  return `${numbers[0]}-${numbers.at(-1)}`;
}

/** The first line that tells of a failure, shortened; null if there is none. */
function firstErrorLine(text: string): string | null {
  const line = ERROR_LINE.exec(text)?.[0].trim().replaceAll(']', ')');
  return line === undefined ? null : line.slice(0, ERROR_CHARACTERS).replace(LONE_SURROGATE, '\ufffd');
}

const ERROR_LINE = /^.*(?:\berror\b[:\s[]|Error:|\bFAIL\b|\bfailed\b|panic:|Traceback|fatal:|ERR!).*$/m;
const ERROR_CHARACTERS = 140;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
