import type { AdmittedItem } from './flash-item.ts';
import type { Memory } from './memory.ts';
import type { Role } from './stretches.ts';

/** What an item is to the files of the project. */
export type Deed = 'read' | 'edit' | 'search' | 'talk' | 'other';

/** What the items are to the project's files. */
export interface Files {
  readonly deeds: readonly Deed[];
  /** The key of the file that an item is about; '' for none. */
  readonly keys: readonly string[];
  /** Whether text with this role in this item is the content of a file. */
  readonly holds: (index: number, role: Role) => boolean;
}

/** Tells from tools, paths and commands which files were read and changed. */
export function filesOf(memory: Memory): Files {
  const calls = new Map<string, string>();
  for (const item of memory.items)
    if (item.kind === 'call') calls.set(item.callId, item.text.slice(0, CALL_START));
  const callOf = (item: AdmittedItem): string =>
    item.kind === 'call' ? item.text.slice(0, CALL_START) : (calls.get(item.callId) ?? '');
  const deeds = memory.items.map((item) => deedOf(item, callOf(item)));
  const keys = memory.items.map((item, index) => fileKey(item.path || pathIn(deeds[index], callOf(item))));
  const holds = (index: number, role: Role): boolean => {
    const deed = deeds[index];
    if (memory.items[index]?.kind === 'call') return deed === 'edit' && role !== 'text';
    return memory.items[index]?.kind === 'result' && (deed === 'read' || deed === 'edit');
  };
  return { deeds, keys, holds };
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

function deedOf(item: AdmittedItem, call: string): Deed {
  if (item.kind !== 'call' && item.kind !== 'result') return 'talk';
  if (item.tool.includes('todo') || item.tool.startsWith('task')) return 'other';
  if (EDIT_TOOL.test(item.tool)) return 'edit';
  if (READ_TOOL.test(item.tool)) return 'read';
  if (SEARCH_TOOL.test(item.tool)) return 'search';
  if (READ_COMMAND.test(call) && pathIn('read', call) !== '') return 'read';
  return SEARCH_COMMAND.test(call) ? 'search' : 'other';
}

/** The last thing that looks like a file in a command that shows one. */
function pathIn(deed: Deed | undefined, call: string): string {
  if (deed !== 'read') return '';
  return (
    /([\w./-]*\w\.[A-Za-z]\w{0,4})["'\s}\]]*$/.exec(call)?.[1] ??
    /([\w./-]*\w\.[A-Za-z]\w{0,4})["'\s|]/.exec(call)?.[1] ??
    ''
  );
}

/** A file by its last two names: agents write the same path absolute and relative. */
function fileKey(path: string): string {
  return path.split(/[/\\]/).filter(Boolean).slice(-2).join('/');
}
