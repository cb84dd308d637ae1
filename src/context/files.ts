import type { AdmittedItem } from './flash-item.ts';
import { isEnvelope } from './json-strings.ts';
import { callsOf } from './pairs.ts';
import type { Role } from './stretches.ts';

/** What an item is to the files of the project. */
export type Deed = 'read' | 'edit' | 'search' | 'talk' | 'other';

/** What the items are to the project's files. */
export interface Files {
  readonly deeds: readonly Deed[];
  /** The key of the file that an item is about; '' for none. */
  readonly keys: readonly string[];
  /** Calls whose result was an error, by their place in the list. */
  readonly failed: ReadonlySet<number>;
  /** Whether text with this role in this item is the content of a file. */
  readonly holds: (index: number, role: Role) => boolean;
}

/** Tells from tools, paths and commands which files were read and changed. */
export function filesOf(items: readonly AdmittedItem[], told: ToldCalls = new Map()): Files {
  const calls = callsOf(items);
  const deedIn = deedReader(told);
  const deeds: Deed[] = [];
  const keys: string[] = [];
  const failed = new Set<number>();
  const keyOf = keyReader();
  items.forEach((item, index) => {
    const call = items[calls[index] ?? -1];
    // Some agents name the tool and the file in the call alone.
    const tool = item.tool || (call?.tool ?? '');
    const named = item.path || (call?.path ?? '');
    const said = item.kind === 'call' || item.kind === 'result' ? (call?.text ?? '') : item.text;
    const { deed, path } = deedIn({ kind: item.kind, tool, path: named }, said);
    deeds.push(deed);
    keys.push(keyOf(named || path));
    if (item.kind === 'result' && item.isError) failed.add(calls[index] ?? -1);
  });
  const holds = (index: number, role: Role): boolean => {
    const deed = deeds[index];
    if (items[index]?.kind === 'call') return deed === 'edit' && role !== 'text';
    return deed === 'edit' || (deed === 'read' && items[index]?.kind === 'result');
  };
  return { deeds, keys, failed, holds };
}

/** The tool and its command stand at the start of a call; the patterns below are not run over megabytes. */
const CALL_START = 1_000;
/** What a recall brings back stands there as if it were read again. */
const READ_TOOL = /read|view|open|cat$|get_file|recall/;
const EDIT_TOOL = /edit|write|replace|patch|create_file|insert/;
const SEARCH_TOOL = /grep|glob|search|find|^ls$|list/;
const READ_COMMAND =
  /(?:^|"(?:cmd|command)":\s*\[?(?:"(?:ba|z)?sh",\s*"-l?c",\s*)?"|&&\s*|;\s*)(?:cat|sed -n|head|tail|nl|bat)\s[^|>]*(?:\|\s*(?:sed -n|head|tail|nl)\s[^|>]*)?$/m;
const SEARCH_COMMAND = /"(?:cmd|command)":\s*\[?"[^\n]{0,80}?\b(?:grep|rg|find|ls|git (?:log|status|diff))\b/;

/** What a call did, and the file that its text names. */
interface Told {
  readonly deed: Deed;
  readonly path: string;
}

/** What calls did whose tool's name says nothing, by how they start. It hangs on the call alone, so it may be kept. */
export type ToldCalls = Map<string, Told>;

/** A call and its result are asked one after the other, and agents say the same again and again. */
function deedReader(
  byCall: ToldCalls,
): (item: Pick<AdmittedItem, 'kind' | 'tool' | 'path'>, call: string) => Told {
  const byTool = new Map<string, Deed | null>();
  return (item, call) => {
    if (item.kind !== 'call' && item.kind !== 'result')
      return { deed: call.includes(BLOCK_END) ? 'edit' : 'talk', path: '' };
    const known = byTool.get(item.tool);
    const deed = known === undefined ? deedOfTool(item.tool) : known;
    byTool.set(item.tool, deed);
    if (deed !== null && deed !== 'read') return { deed, path: '' };
    const start = call.length > CALL_START ? call.slice(0, CALL_START) : call;
    if (deed === null && isWriting(start, call))
      return { deed: item.kind === 'call' ? 'edit' : 'other', path: '' };
    if (deed === 'read') return { deed, path: item.path === '' ? pathIn(unwrapped(start)) : '' };
    const told = byCall.get(start) ?? toldBy(unwrapped(start));
    byCall.set(start, told);
    return told;
  };
}

/** What is given to a tool may be JSON in a string of JSON, as OpenAI's `arguments`. */
function unwrapped(start: string): string {
  return isEnvelope(start) ? start.replaceAll(/\\(["\\])/g, '$1') : start;
}

/** As aider ends a block of what it changes, which stands in its words. */
const BLOCK_END = '>>>>>>> REPLACE';

/** A script that writes what stands in it into a file. */
function isWriting(start: string, call: string): boolean {
  if (!HERE_TEXT.test(start)) return false;
  return WRITING_COMMAND.test(start) || (SCRIPT.test(start) && WRITING.test(call));
}

const HERE_TEXT = /<<-?\s*\\*["']?\w/;
const WRITING_COMMAND = /\bcat\s*>|\bcat\s*<<[^\n]{1,40}?>|\btee\s|\bapply_patch\b/;
const SCRIPT = /\b(?:python3?|node|perl|ruby)\b/;
const WRITING = /\.write\(|write_text\(|writeFile|open\([^)\n]{1,200},\s*\\*['"][wa]/;

/** Null: the tool's name says nothing, what it is given may. */
function deedOfTool(tool: string): Deed | null {
  if (tool.includes('stdin')) return null;
  if (tool.includes('todo') || tool.startsWith('task')) return 'other';
  if (EDIT_TOOL.test(tool)) return 'edit';
  if (READ_TOOL.test(tool)) return 'read';
  return SEARCH_TOOL.test(tool) ? 'search' : null;
}

function toldBy(call: string): Told {
  const path = READ_COMMAND.test(call) ? pathIn(call) : '';
  if (path !== '') return { deed: 'read', path };
  if (SEARCH_COMMAND.test(call)) return { deed: 'search', path: '' };
  return COMMAND_INPUT.test(call) ? { deed: 'other', path: '' } : shapedAs(call);
}

/** Tools have many names, but what they are given looks alike. */
function shapedAs(call: string): Told {
  if (EDIT_INPUT.test(call)) return { deed: 'edit', path: '' };
  const file = FILE_INPUT.exec(call)?.[1];
  if (file !== undefined && CONTENT_INPUT.test(call)) return { deed: 'edit', path: '' };
  if (SEARCH_INPUT.test(call)) return { deed: 'search', path: '' };
  return file === undefined ? { deed: 'other', path: '' } : { deed: 'read', path: file };
}

const COMMAND_INPUT = /"(?:cmd|command|script|code)"\s*:/;
const EDIT_INPUT =
  /"(?:old|new)_?(?:str|string|text|content)"\s*:|"(?:patch|diff|edits|file_text)"\s*:|\*\*\* Begin Patch/i;
const CONTENT_INPUT = /"(?:content|contents|text|code_edit)"\s*:/i;
const SEARCH_INPUT = /"(?:pattern|query|regex|glob|search)"\s*:/i;
const FILE_INPUT =
  /"(?:absolute_?path|file_?path|file_?name|target_?file|path|file|uri)"\s*:\s*"([^"\n]*\.\w{1,8})"/i;

/** The last thing that looks like a file in a call that shows one. */
function pathIn(call: string): string {
  return (
    /([\w./-]*\w\.[A-Za-z]\w{0,4})["'\s}\]]*$/.exec(call)?.[1] ??
    /([\w./-]*\w\.[A-Za-z]\w{0,4})["'\s|]/.exec(call)?.[1] ??
    ''
  );
}

/** A file by its last two names: agents write the same path absolute and relative. */
function keyReader(): (path: string) => string {
  const known = new Map([['', '']]);
  return (path) => {
    const key = known.get(path) ?? path.split(/[/\\]/).filter(Boolean).slice(-2).join('/');
    known.set(path, key);
    return key;
  };
}
