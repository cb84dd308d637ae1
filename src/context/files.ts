import type { Memory } from './memory.ts';

/** What an item is to the files of the project. */
export type Deed = 'read' | 'edit' | 'search' | 'talk' | 'other';

/** What the agent did to one file so far: the numbers of the items, in order. */
export interface FileStory {
  readonly reads: number[];
  readonly edits: number[];
}

/** What each item did, and the story of each file. */
export interface Files {
  readonly deeds: readonly Deed[];
  /** The key of the file that an item is about; '' for none. */
  readonly keys: readonly string[];
  /** Reads of a part of a file. */
  readonly partial: readonly boolean[];
  readonly stories: ReadonlyMap<string, FileStory>;
}

/** Tells from tools, paths and commands which files were read and changed when. */
export function storiesOf(memory: Memory): Files {
  const calls = new Map<string, number>();
  memory.items.forEach((item, index) => {
    if (item.kind === 'call') calls.set(item.callId, index);
  });
  const callOf = (index: number): string => {
    const item = memory.items[index];
    if (item?.kind === 'call') return item.text;
    return memory.items[calls.get(item?.callId ?? '') ?? -1]?.text ?? '';
  };
  const deeds = memory.items.map((item, index) => deedOf(item, callOf(index)));
  const keys = memory.items.map((item, index) => fileKey(item.path || pathIn(deeds[index], callOf(index))));
  const partial = memory.items.map((_, index) => PARTIAL.test(callOf(index)));
  const stories = new Map<string, FileStory>();
  memory.items.forEach((item, index) => {
    const key = keys[index] ?? '';
    if (key === '' || item.isError) return;
    const story = stories.get(key) ?? { reads: [], edits: [] };
    stories.set(key, story);
    if (deeds[index] === 'read' && item.kind === 'result') story.reads.push(index);
    if (deeds[index] === 'edit' && item.kind === 'call') story.edits.push(index);
  });
  return { deeds, keys, partial, stories };
}

const READ_TOOL = /read|view|open|cat$|get_file/;
const EDIT_TOOL = /edit|write|replace|patch|create_file|insert/;
const SEARCH_TOOL = /grep|glob|search|find|^ls$|list/;
const READ_COMMAND = /"(?:cmd|command)":\s*\[?"[^\n]{0,80}?\b(?:cat|sed -n|head|tail|nl)\s/;
const SEARCH_COMMAND = /"(?:cmd|command)":\s*\[?"[^\n]{0,80}?\b(?:grep|rg|find|ls|git (?:log|status|diff))\b/;
const PARTIAL = /"(?:offset|limit|start_line|view_range|line_start)"\s*:/;

function deedOf(item: Memory['items'][number], call: string): Deed {
  if (item.kind !== 'call' && item.kind !== 'result') return 'talk';
  if (item.tool.includes('todo') || item.tool.startsWith('task')) return 'other';
  if (EDIT_TOOL.test(item.tool)) return 'edit';
  if (READ_TOOL.test(item.tool)) return 'read';
  if (SEARCH_TOOL.test(item.tool)) return 'search';
  if (READ_COMMAND.test(call)) return 'read';
  return SEARCH_COMMAND.test(call) ? 'search' : 'other';
}

function pathIn(deed: Deed | undefined, call: string): string {
  if (deed !== 'read') return '';
  return /([\w./-]+\.\w{1,5})["'\s|]/.exec(call)?.[1] ?? '';
}

/** A file by its last two names: agents write the same path absolute and relative. */
export function fileKey(path: string): string {
  return path.split(/[/\\]/).filter(Boolean).slice(-2).join('/');
}
