import type { Json } from '../../../gateway/json.ts';
import { textField, type HeadlessLine, type Quirk, type Seat } from '../quirk.ts';

export const codex: Quirk = {
  name: 'codex',
  title: 'Codex',
  experimental: null,
  program: 'codex',
  oldest: '0.169.0',
  install: 'npm install -g @openai/codex',
  protocols: ['openai-responses'],
  vendor: 'openai',
  signIn: 'run `codex login --with-api-key`, or set OPENAI_API_KEY',
  logins: ['.codex/auth.json'],
  settings: ['.codex/AGENTS.md', '.codex/prompts'],
  // The authority; its SQLite files are indexes that it makes anew.
  sessionFiles: [{ path: '.codex/sessions', ending: '.jsonl' }],
  env: ({ home, program }) => ({ CODEX_HOME: `${home}/.codex`, CODEX_PATH: program }),
  files: (seat) => ({ '.codex/config.toml': config(seat) }),
  acp: {
    program: 'codex-acp',
    args: [],
    allowAllMode: 'agent-full-access',
    install: 'npm install -g @agentclientprotocol/codex-acp',
  },
  headless: {
    choosesId: false,
    args: (_, { sessionId, isNew }) =>
      isNew
        ? ['exec', '--json', '--skip-git-repo-check', '-']
        : ['exec', 'resume', '--json', '--skip-git-repo-check', sessionId, '-'],
    read(line) {
      switch (textField(line, 'type') ?? '') {
        case 'thread.started':
          return withText(textField(line, 'thread_id'), (id) => ({ kind: 'session', id }));
        case 'item.started':
          return isTool(line)
            ? withText(textField(line, 'item', 'id'), (id) => ({ kind: 'tool-began', id }))
            : [];
        case 'item.completed':
          if (textField(line, 'item', 'type') === 'agent_message')
            return [{ kind: 'said', text: textField(line, 'item', 'text') ?? '' }];
          return withText(textField(line, 'item', 'id'), (id) => ({ kind: 'tool-ended', id }));
        case 'turn.completed':
          return [{ kind: 'ended', said: null }];
        case 'turn.failed': {
          const problem = textField(line, 'error', 'message') ?? 'it says that its turn failed';
          return [{ kind: 'failed', problem }];
        }
        default:
          return [];
      }
    },
  },
};

/** Not its plan or its thoughts, which are open as long as its turn. */
function isTool(line: Json): boolean {
  return ['command_execution', 'file_change', 'mcp_tool_call', 'web_search'].includes(
    textField(line, 'item', 'type') ?? '',
  );
}

function withText(text: string | null, make: (text: string) => HeadlessLine): readonly HeadlessLine[] {
  return text === null ? [] : [make(text)];
}

/** A provider of codeframe's name, as the built-in ones cannot be sent elsewhere; no look-ups of its own. */
function config({ gatewayUrl, mcpUrl, model, projectDir, allowAll }: Seat): string {
  const key =
    model.keyVariable === null ? 'requires_openai_auth = true' : `env_key = ${toml(model.keyVariable)}`;
  return `${model.name === null ? '' : `model = ${toml(model.name)}\n`}model_provider = "codeframe"
approval_policy = "never"
sandbox_mode = ${allowAll ? '"danger-full-access"' : '"workspace-write"'}
check_for_update_on_startup = false

[model_providers.codeframe]
name = "codeframe"
base_url = ${toml(`${gatewayUrl}/v1`)}
${key}
wire_api = "responses"
# A call that codeframe holds while the project is paused is no call that failed.
request_max_retries = 10
stream_max_retries = 10

[mcp_servers.codeframe]
url = ${toml(mcpUrl)}

[analytics]
enabled = false

[features]
plugins = false
remote_plugin = false
apps = false

[projects.${toml(projectDir)}]
trust_level = "trusted"
`;
}

function toml(text: string): string {
  return JSON.stringify(text);
}
