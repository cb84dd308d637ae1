import {
  codexPatch,
  type Doing,
  doingOf,
  numbered,
  type Numbering,
  readJson,
  searchReplace,
  unnumbered,
  unpatched,
} from './clothes.ts';
import type { Disguise } from './disguise.ts';
import type { SessionItem } from './sessions.ts';

/** What an agent's tools are called, what they are given, and how they answer. */
interface Manner {
  /** Null: the call stays as it is. `input` of a text: the call is no JSON. */
  readonly call: (doing: Doing) => { readonly tool: string; readonly input: string | object } | null;
  readonly numbering: Numbering;
  /** What stands around a result, read or not. */
  readonly answer: (text: string, isRead: boolean) => string;
  /** The other way round. */
  readonly unanswer?: (text: string) => string;
  /** Its edits as a text that the ruler reads. */
  readonly unedit?: (text: string) => string;
  /** Whether its items tell their file. */
  readonly paths: boolean;
}

const UNNUMBERED: Numbering = { write: null };

/** `sed -n` and the like: the shell is the only tool. */
function shellRead({ path, input }: Doing): string {
  const from = Number(input['offset'] ?? 1) || 1;
  return `sed -n '${from},${from + (Number(input['limit'] ?? 250) || 250) - 1}p' ${path}`;
}

const CODEX: Manner = {
  call: (doing) => {
    if (doing.deed === 'edit' || doing.deed === 'write')
      return { tool: 'apply_patch', input: codexPatch(doing) };
    if (doing.deed === 'read') return { tool: 'exec_command', input: { cmd: shellRead(doing), login: true } };
    return doing.deed === 'command' ? { tool: 'exec_command', input: { cmd: doing.command } } : null;
  },
  numbering: UNNUMBERED,
  answer: (text) =>
    `Chunk ID: 5fe21c\nWall time: 0.0521 seconds\nProcess exited with code 0\nOutput:\n${text}`,
  unedit: unpatched,
  paths: false,
};

const MANNERS: Readonly<Record<string, Manner>> = {
  'as Codex': CODEX,
  'as Codex by the shell alone, answers in JSON': {
    ...CODEX,
    call: (doing) => {
      const ask = (script: string): { tool: string; input: string | object } => ({
        tool: 'shell',
        input: { command: ['bash', '-lc', script], workdir: '/work' },
      });
      if (doing.deed === 'edit' || doing.deed === 'write')
        return ask(`apply_patch <<'EOF'\n${codexPatch(doing)}\nEOF\n`);
      if (doing.deed === 'read') return ask(shellRead(doing));
      return doing.deed === 'command' ? ask(doing.command) : null;
    },
    answer: (text) => JSON.stringify({ output: text, metadata: { exit_code: 0, duration_seconds: 0.1 } }),
    unanswer: readJson,
  },
  'as a shell alone: `cat -n`, heredocs': {
    call: (doing) => {
      const ask = (command: string): { tool: string; input: string | object } => ({
        tool: 'bash',
        input: { command },
      });
      if (doing.deed === 'write') return ask(`cat > ${doing.path} <<'EOF'\n${doing.content}\nEOF`);
      if (doing.deed === 'edit') return ask(pythonEdit(doing));
      return doing.deed === 'read'
        ? ask(`cat -n ${doing.path} | ${shellRead(doing).replace(/ \S+$/u, '')}`)
        : null;
    },
    numbering: { write: (n) => `${n.padStart(6)}\t` },
    answer: (text) => text,
    unedit: (text) => JSON.stringify([readJson(text).replaceAll(PYTHON, '')]),
    paths: false,
  },
  'as Gemini CLI and Qwen': {
    call: ({ deed, path, edits, content, command }) => {
      if (deed === 'read') return { tool: 'read_file', input: { absolute_path: path } };
      const changed = { old_string: edits[0]?.old, new_string: edits[0]?.new };
      if (deed === 'edit') return { tool: 'replace', input: { file_path: path, ...changed } };
      if (deed === 'write') return { tool: 'write_file', input: { file_path: path, content } };
      return deed === 'command' ? { tool: 'run_shell_command', input: { command } } : null;
    },
    numbering: UNNUMBERED,
    answer: (text) => JSON.stringify({ output: text }),
    unanswer: readJson,
    paths: false,
  },
  'as opencode': {
    call: (doing) => camelCalls(doing),
    numbering: { write: (n) => `${n.padStart(5, '0')}| `, read: /^(\d+)\| /gmu },
    answer: (text, isRead) => (isRead ? `<file>\n${text}\n\n(End of file - total 900 lines)\n</file>` : text),
    paths: false,
  },
  'as OpenHands': {
    call: ({ deed, path, edits, content, command }) => {
      const tool = 'str_replace_editor';
      if (deed === 'read') return { tool, input: { command: 'view', path } };
      if (deed === 'edit')
        return {
          tool,
          input: { command: 'str_replace', path, old_str: edits[0]?.old, new_str: edits[0]?.new },
        };
      if (deed === 'write') return { tool, input: { command: 'create', path, file_text: content } };
      return deed === 'command' ? { tool: 'execute_bash', input: { command } } : null;
    },
    numbering: { write: (n) => `${n.padStart(6)}\t` },
    answer: (text, isRead) =>
      isRead ? `Here's the result of running \`cat -n\` on the file:\n${text}\n` : text,
    paths: false,
  },
  'as Copilot': {
    call: ({ deed, path, edits, content, command }) => {
      if (deed === 'read') return { tool: 'view', input: { path } };
      if (deed === 'edit')
        return { tool: 'edit', input: { path, old_str: edits[0]?.old, new_str: edits[0]?.new } };
      if (deed === 'write') return { tool: 'create', input: { path, file_text: content } };
      return deed === 'command' ? { tool: 'bash', input: { command, mode: 'sync' } } : null;
    },
    numbering: { write: (n) => `${n}. `, read: /^(\d+)\. /gmu },
    answer: (text) => text,
    paths: false,
  },
  'as Cline': {
    call: (doing) => {
      const { deed, path, content, command } = doing;
      if (deed === 'read') return { tool: 'read_file', input: { path } };
      const diff = searchReplace(doing, { from: '-------', to: '+++++++' });
      if (deed === 'edit') return { tool: 'replace_in_file', input: { path, diff } };
      if (deed === 'write') return { tool: 'write_to_file', input: { path, content } };
      return deed === 'command'
        ? { tool: 'execute_command', input: { command, requires_approval: false } }
        : null;
    },
    numbering: UNNUMBERED,
    answer: (text, isRead) => (isRead ? `<file_content path="file">\n${text}\n</file_content>` : text),
    paths: false,
  },
  'as a file server of MCP': {
    call: ({ deed, path, edits, content }) => {
      if (deed === 'read') return { tool: 'mcp__filesystem__read_text_file', input: { path } };
      const changed = edits.map((edit) => ({ oldText: edit.old, newText: edit.new }));
      if (deed === 'edit')
        return { tool: 'mcp__filesystem__edit_file', input: { path, edits: changed, dryRun: false } };
      return deed === 'write' ? { tool: 'mcp__filesystem__write_file', input: { path, content } } : null;
    },
    numbering: UNNUMBERED,
    answer: (text) => JSON.stringify([{ type: 'text', text }]),
    unanswer: readJson,
    paths: false,
  },
};

function camelCalls({ deed, path, edits, content }: Doing): { tool: string; input: string | object } | null {
  if (deed === 'read') return { tool: 'read', input: { filePath: path } };
  if (deed === 'edit')
    return { tool: 'edit', input: { filePath: path, oldString: edits[0]?.old, newString: edits[0]?.new } };
  return deed === 'write' ? { tool: 'write', input: { filePath: path, content } } : null;
}

/** An edit where nothing but a shell is at hand. */
function pythonEdit({ path, edits }: Doing): string {
  const changes = edits.map((edit) => `s = s.replace('''${edit.old}''', '''${edit.new}''')`);
  const open = `p = '${path}'\ns = open(p).read()`;
  return `python3 - <<'EOF'\n${open}\n${changes.join('\n')}\nopen(p, 'w').write(s)\nEOF`;
}

/** What a script of `pythonEdit` or of `cat` says besides the file's name and its lines. */
const PYTHON =
  /^(?:python3 - |cat > )|<<'EOF'$|^p = '|^s = open\(p\)\.read\(\)$|^s = s\.replace\('''|''', '''|'''\)$|^open\(p, 'w'\)\.write\(s\)$/gmu;

/** The recordings as agents with other tools would have made them. */
export const AGENTS: Readonly<Record<string, Disguise>> = {
  ...Object.fromEntries(Object.entries(MANNERS).map(([name, manner]) => [name, worn(manner)])),
  'edits in the words of aider': {
    dress: (item) => {
      if (!isEdit(item)) return item;
      const doing = doingOf(item);
      const marks = { from: '<<<<<<<', to: '>>>>>>>' };
      const block =
        doing.deed === 'edit'
          ? searchReplace(doing, marks)
          : `<<<<<<< SEARCH\n=======\n${doing.content}\n>>>>>>> REPLACE`;
      const text = `${doing.path}\n\`\`\`\n${block}\`\`\`\n`;
      return {
        ...item,
        kind: 'assistant',
        tool: undefined,
        callId: undefined,
        path: undefined,
        input: undefined,
        text,
      };
    },
  },
};

function worn(manner: Manner): Disguise {
  return {
    dress: (item) => {
      const path = manner.paths ? item.path : undefined;
      if (item.kind === 'result') return { ...item, tool: undefined, path, text: answered(manner, item) };
      if (item.kind !== 'call') return item;
      const doing = doingOf(item);
      const call = manner.call(doing);
      if (call === null) return { ...item, path };
      const input = typeof call.input === 'string' ? call.input : { ...call.input, ...restOf(doing) };
      const text = typeof input === 'string' ? input : JSON.stringify(input);
      return { ...item, path, tool: call.tool, input, text };
    },
    undress: (text, recorded) => {
      if (recorded.kind === 'call') return isEdit(recorded) ? (manner.unedit?.(text) ?? text) : text;
      if (recorded.kind !== 'result') return text;
      const [before = '', after = ''] = around(manner, recorded);
      const answer = manner.unanswer?.(text) ?? text;
      return unnumbered(answer.replace(before, '').replace(after, ''), recorded, manner.numbering);
    },
  };
}

/** What else a call was given: the recording's needs are in it, too. */
function restOf({ deed, input }: Doing): object {
  return Object.fromEntries(
    Object.entries(input).filter(([key]) => (deed === 'read' ? key !== 'file_path' : !TOLD.has(key))),
  );
}

const TOLD = new Set([
  'file_path',
  'path',
  'old_string',
  'oldText',
  'new_string',
  'newText',
  'content',
  'command',
  'replace_all',
]);

/** What an agent puts before and behind an answer. */
function around({ answer, unanswer }: Manner, item: SessionItem): readonly string[] {
  return unanswer === undefined ? answer('\0', isRead(item)).split('\0') : [];
}

function isRead(item: SessionItem): boolean {
  return /^read$/iu.test(item.tool ?? '');
}

function answered({ numbering, answer }: Manner, item: SessionItem): string {
  return answer(numbered(item.text, numbering), isRead(item));
}

function isEdit(item: SessionItem): boolean {
  return item.kind === 'call' && ['edit', 'write'].includes(doingOf(item).deed);
}
