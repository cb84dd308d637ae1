import { list, type Json } from '../../../gateway/json.ts';
import { fieldAt, textField, type HeadlessLine, type Quirk, type Seat } from '../quirk.ts';

export const claude: Quirk = {
  name: 'claude',
  title: 'Claude Code',
  experimental: null,
  program: 'claude',
  oldest: '2.1.197',
  install: 'npm install -g @anthropic-ai/claude-code',
  protocols: ['anthropic-messages'],
  vendor: 'anthropic',
  signIn: 'run `claude` once and sign in, or set ANTHROPIC_API_KEY',
  logins: ['.claude/.credentials.json'],
  settings: ['.claude/CLAUDE.md', '.claude/commands', '.claude/agents', '.claude/skills'],
  // One line a record, appended; the directory is named for the working directory. Beside them what its records only name:
  // long results of tools, and the notes of its own memory.
  sessionFiles: [{ path: '.claude/projects' }],
  env: ({ home, gatewayUrl, program, model }) => ({
    CLAUDE_CONFIG_DIR: `${home}/.claude`,
    ANTHROPIC_BASE_URL: gatewayUrl,
    CLAUDE_CODE_EXECUTABLE: program,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    // Otherwise it refuses to allow everything to root, as in a container.
    ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
    ...(model.name === null ? {} : { ANTHROPIC_MODEL: model.name }),
  }),
  files: () => ({
    // Its own default lets a model of its vendor decide what may be done; here people do. codeframe's tools need no leave.
    '.claude/settings.json': JSON.stringify({
      permissions: { defaultMode: 'default', allow: ['mcp__codeframe'] },
    }),
  }),
  acp: {
    program: 'claude-agent-acp',
    args: [],
    allowAllMode: 'bypassPermissions',
    install: 'npm install -g @agentclientprotocol/claude-agent-acp',
  },
  headless: {
    choosesId: true,
    args: (seat, { sessionId, isNew }) => [
      '-p',
      '--output-format',
      'stream-json',
      '--verbose',
      '--permission-mode',
      seat.allowAll ? 'bypassPermissions' : 'acceptEdits',
      '--settings',
      JSON.stringify({ permissions: rulesOf(seat) }),
      '--mcp-config',
      JSON.stringify({ mcpServers: { codeframe: { type: 'http', url: seat.mcpUrl } } }),
      isNew ? '--session-id' : '--resume',
      sessionId,
    ],
    read(line) {
      if (textField(line, 'type') === 'assistant' || textField(line, 'type') === 'user')
        return readMessage(line);
      if (textField(line, 'type') !== 'result') return [];
      const said = textField(line, 'result');
      return fieldAt(line, 'is_error') === true
        ? [{ kind: 'failed', problem: said ?? textField(line, 'subtype') ?? 'it says that it failed' }]
        : [{ kind: 'ended', said }];
    },
  },
};

/** A message of its model, or the results of its tools. */
function readMessage(line: Json): readonly HeadlessLine[] {
  const blocks = list(fieldAt(line, 'message', 'content'));
  const tools = blocks.flatMap((block): readonly HeadlessLine[] => {
    const began = textField(block, 'type') === 'tool_use' ? textField(block, 'id') : null;
    const ended = textField(block, 'tool_use_id');
    if (began !== null) return [{ kind: 'tool-began', id: began }];
    return ended === null ? [] : [{ kind: 'tool-ended', id: ended }];
  });
  const text =
    textField(line, 'type') === 'user' ? '' : blocks.map((block) => textField(block, 'text') ?? '').join('');
  return text === '' ? tools : [{ kind: 'said', text }, ...tools];
}

/** It asks nobody here: what no rule allows is refused, and of its rules one that denies wins. */
function rulesOf({ allow, allowOthers, deny }: Seat): { readonly allow: string[]; readonly deny: string[] } {
  const lines = allowOthers ? ['Bash'] : allow.map((line) => `Bash(${line})`);
  return { allow: ['mcp__codeframe', ...lines], deny: deny.map((line) => `Bash(${line})`) };
}
