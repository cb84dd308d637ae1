import type { SessionItem } from './sessions.ts';
import { stringsOf } from './terms.ts';

/** Before the lines of a recorded read. */
const NUMBERED = /(^|\n) *(\d+)(?:→|\t)/gu;

/** How an agent's file tool numbers lines, and how the recording would read it; `write` of null: it does not. */
export interface Numbering {
  readonly write: ((number: string) => string) | null;
  readonly read?: RegExp;
}

export function numbered(text: string, { write }: Numbering): string {
  return text.replaceAll(NUMBERED, (_, end: string, number: string) => end + (write?.(number) ?? ''));
}

/** For the ruler, which knows the recording's way to number lines: only where the recording numbered any. */
export function unnumbered(text: string, recorded: SessionItem, { read }: Numbering): string {
  if (read === undefined || recorded.text.search(NUMBERED) < 0) return text;
  return text.replaceAll(read, '$1\t');
}

/** A call's input, of which a file's path and the two texts of an edit are told apart from the rest. */
export interface Doing {
  readonly deed: 'read' | 'edit' | 'write' | 'command' | 'search' | 'other';
  readonly path: string;
  readonly edits: readonly { readonly old: string; readonly new: string }[];
  readonly content: string;
  readonly command: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a recorded call did, by the three agents of the recordings. */
export function doingOf(call: SessionItem): Doing {
  const input = (typeof call.input === 'object' && call.input !== null ? call.input : {}) as Doing['input'];
  const text = (...keys: string[]): string => {
    const found = keys.map((key) => input[key]).find((value) => typeof value === 'string');
    return typeof found === 'string' ? found : '';
  };
  const path = text('file_path', 'path');
  const old = text('old_string', 'oldText');
  const written = text('content');
  return {
    deed: deedOf(call, { isEdit: old !== '', isWrite: written !== '' && path !== '' }),
    path,
    edits: old === '' ? [] : [{ old, new: text('new_string', 'newText') }],
    content: written,
    command: text('command'),
    input,
  };
}

function deedOf(
  call: SessionItem,
  { isEdit, isWrite }: { isEdit: boolean; isWrite: boolean },
): Doing['deed'] {
  const tool = String(call.tool ?? '').toLowerCase();
  if (isEdit) return 'edit';
  if (isWrite) return 'write';
  if (tool === 'read') return 'read';
  if (tool === 'bash') return 'command';
  return tool === 'grep' || tool === 'glob' ? 'search' : 'other';
}

/** The lines of an edit as a patch has them: those that both texts begin and end with once, as context. */
export function hunk(edit: Doing['edits'][number]): string {
  const old = edit.old.split('\n');
  const now = edit.new.split('\n');
  let head = 0;
  while (head < Math.min(old.length, now.length) && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(old.length, now.length) - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  return [
    ...old.slice(0, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
    ...(tail === 0 ? [] : old.slice(-tail).map((line) => ` ${line}`)),
  ].join('\n');
}

/** As Codex writes patches. */
export function codexPatch({ path, edits, content, deed }: Doing): string {
  const body =
    deed === 'write'
      ? `*** Add File: ${path}\n${content.replaceAll(/^/gmu, '+')}`
      : `*** Update File: ${path}\n${edits.map((edit) => `@@\n${hunk(edit)}`).join('\n')}`;
  return `*** Begin Patch\n${body}\n*** End Patch`;
}

export function unifiedDiff({ path, edits }: Doing): string {
  return `--- a/${path}\n+++ b/${path}\n${edits.map((edit) => `@@ -1,9 +1,9 @@\n${hunk(edit)}`).join('\n')}\n`;
}

export function searchReplace({ edits }: Doing, marks: { from: string; to: string }): string {
  return edits
    .map((edit) => `${marks.from} SEARCH\n${edit.old}\n=======\n${edit.new}\n${marks.to} REPLACE\n`)
    .join('\n');
}

/** A patch as the ruler reads it: its lines without their signs, as a call whose input is one text. */
export function unpatched(text: string): string {
  return JSON.stringify([
    readCall(text)
      .replaceAll(PATCH_WORDS, '')
      .replaceAll(/^[-+ ]/gmu, ''),
  ]);
}

/** What a patch says besides a file's name and its lines. */
const PATCH_WORDS = /^apply_patch <<'EOF'$|^\*\*\* (?:Begin Patch|End Patch|(?:Update|Add) File: )/gmu;

/** The strings of a JSON text, also of one that a cut has broken. */
export function readJson(text: string): string {
  try {
    return stringsOf(JSON.parse(text));
  } catch {
    return text.replaceAll(ESCAPE, (escape, letter: string) => ESCAPES[letter] ?? escape.slice(1));
  }
}

const ESCAPE = /\\(.)/gsu;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

const COLOURS = /\u001B\[[\d;]*m/gu;

/** The first word of each line and whatever tells of a failure in colour, as test runners write it to a terminal. */
export function coloured(text: string): string {
  return text
    .replaceAll(/^(\s*)(\S+)/gmu, '$1\u001B[1m\u001B[32m$2\u001B[39m\u001B[22m')
    .replaceAll(/\b(\w*(?:[Ee]rror|[Ff]ail|[Ww]arn)\w*)/gu, '\u001B[31m$1\u001B[0m');
}

export function uncoloured(text: string): string {
  return text.replaceAll(COLOURS, '');
}

const LATIN = 'abcdefghijklmnopqrstuvwxyz';
const CYRILLIC = 'абцдефгхийклмнопярстувшыжз';

/** Plain words in another script; identifiers, paths and quoted code stay as they are. */
export function foreign(text: string): string {
  return text.replaceAll(/(?<![\w.\-/`$@"'])[a-z]{2,}(?![\w\-/`$@("']|\.\w)/gu, (word) =>
    word.replaceAll(/./gu, (letter) => CYRILLIC[LATIN.indexOf(letter)] ?? letter),
  );
}

export function unforeign(text: string): string {
  return text.replaceAll(/[а-я]/gu, (letter) => LATIN[CYRILLIC.indexOf(letter)] ?? letter);
}

/** A call's text: JSON, or what it says itself. */
export function readCall(text: string): string {
  return text.startsWith('{') ? readJson(text) : text;
}
