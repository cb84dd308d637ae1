import { textField, type Quirk } from '../quirk.ts';

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
    stdin: true,
    choosesId: true,
    args: ({ allowAll, allow, mcpUrl }, { sessionId, isNew }) => [
      '-p',
      '--output-format',
      'stream-json',
      '--verbose',
      ...(allowAll
        ? ['--permission-mode', 'bypassPermissions']
        : ['--permission-mode', 'acceptEdits', '--allowedTools', allowedTools(allow)]),
      '--mcp-config',
      JSON.stringify({ mcpServers: { codeframe: { type: 'http', url: mcpUrl } } }),
      isNew ? '--session-id' : '--resume',
      sessionId,
    ],
    read(line) {
      if (line['type'] === 'assistant') {
        const content = (line['message'] as { readonly content?: unknown } | undefined)?.content;
        const texts = Array.isArray(content) ? content.map((block) => textField(block, 'text') ?? '') : [];
        const text = texts.join('');
        return text === '' ? null : { kind: 'said', text };
      }
      if (line['type'] !== 'result') return null;
      const said = textField(line, 'result');
      return line['is_error'] === true
        ? { kind: 'failed', problem: said ?? textField(line, 'subtype') ?? 'it says that it failed' }
        : { kind: 'ended', said };
    },
  },
};

function allowedTools(allow: readonly string[]): string {
  return ['mcp__codeframe', ...allow.map((line) => `Bash(${line})`)].join(',');
}
