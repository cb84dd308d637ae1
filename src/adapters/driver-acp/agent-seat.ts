import { realpathSync } from 'node:fs';
import type { AgentRow } from '../../agent/agent.ts';
import { allowsAll, type PermissionRules } from '../../agent/permissions.ts';
import { markerVariable } from '../../agent/processes.ts';
import { CodeframeError } from '../../failure.ts';
import type { GatewayLine } from '../../gateway/gateway.ts';
import { findProgram } from '../find-program.ts';
import type { AgentDriverOptions } from './agent-options.ts';
import { chooseModel, keyFor } from './choose-model.ts';
import type { Quirk, Seat } from './quirk.ts';

/** How an agent of this machine is started. */
export type Start =
  | { readonly kind: 'acp'; readonly file: string; readonly args: readonly string[] }
  | { readonly kind: 'headless'; readonly file: string };

type FindOptions = Pick<AgentDriverOptions, 'env' | 'projectDir'>;

/** What of an agent is on this machine, and what its processes get. */
export class AgentSeat {
  /** The agent's own program. */
  readonly program: string;
  readonly start: Start;
  readonly #quirk: Quirk;
  readonly #agent: AgentRow;

  private constructor(found: {
    readonly program: string;
    readonly start: Start;
    readonly quirk: Quirk;
    readonly agent: AgentRow;
  }) {
    this.program = found.program;
    this.start = found.start;
    this.#quirk = found.quirk;
    this.#agent = found.agent;
  }

  /** Throws `missing-program` with the program that is not there. Starts nothing. */
  static find(options: FindOptions, quirk: Quirk, agent: AgentRow): AgentSeat {
    const [command, ...args] = agent.settings.command ?? [];
    if (quirk.name === 'acp') {
      const program = need(options, command ?? '', agent.name);
      return new AgentSeat({ program, start: { kind: 'acp', file: program, args }, quirk, agent });
    }
    const program = need(options, agent.settings.bin ?? quirk.program, agent.name);
    return new AgentSeat({ program, start: startOf(options, { quirk, agent, program }), quirk, agent });
  }

  /** What the quirk is asked with. */
  seatAt(options: AgentDriverOptions, line: GatewayLine, home: string): Seat {
    const rules = options.rulesOf(this.#agent);
    const model = chooseModel(this.#quirk, this.#agent.settings, options.env);
    const key = options.env[model.keyVariable ?? 'OPENAI_API_KEY'] ?? '';
    return {
      home,
      key: key === '' ? 'none' : key,
      projectDir: options.projectDir,
      gatewayUrl: line.baseUrl,
      mcpUrl: line.mcpUrl,
      program: this.program,
      model,
      allowAll: allowsAll(rules),
      ...ownRules(rules),
    };
  }

  /** The whole environment of its processes. */
  environment(options: AgentDriverOptions, seat: Seat, marker: string): NodeJS.ProcessEnv {
    const own = this.#quirk.sessionFiles.length > 0 ? { HOME: seat.home, USERPROFILE: seat.home } : {};
    return {
      ...withoutOthers(options.env),
      ...own,
      NO_COLOR: '1',
      DO_NOT_TRACK: '1',
      // Some look at the one, some at the other.
      NO_PROXY: noProxy(options.env),
      no_proxy: noProxy(options.env),
      ...keyFor(seat.model, options.env),
      ...this.#quirk.env(seat),
      [markerVariable]: marker,
      CODEFRAME_AGENT_NAME: this.#agent.name,
      CODEFRAME_PROJECT: options.projectDir,
    };
  }
}

/** The gateway is on this machine, whatever proxy leads out of it. */
function noProxy(env: AgentDriverOptions['env']): string {
  const names = [env['no_proxy'] ?? env['NO_PROXY'] ?? '', '127.0.0.1', 'localhost'];
  return names.filter((name) => name !== '').join(',');
}

/** What an agent that asks nobody gets, at its start. An answer is about that line: with a star in it, it would be a pattern. */
function ownRules({
  allow,
  ask,
  deny,
  lines,
}: PermissionRules): Pick<Seat, 'allowOthers' | 'allow' | 'deny'> {
  const answered = (permission: 'allow' | 'deny'): readonly string[] =>
    lines.filter((said) => said.permission === permission).map(({ line }) => line);
  return {
    allowOthers: allow.some((rule) => rule.trim() === '**'),
    allow: [
      ...allow.filter((rule) => rule.trim() !== '**'),
      ...answered('allow').filter((line) => !line.includes('*')),
    ],
    deny: [...deny, ...ask, ...answered('deny')],
  };
}

/** What an agent that started codeframe tells its own children is not for these. */
function withoutOthers(env: AgentDriverOptions['env']): NodeJS.ProcessEnv {
  const foreign =
    /^(?:CLAUDECODE|CLAUDE_CODE_\w+|CLAUDE_CONFIG_DIR|CODEX_\w+|OPENCODE\w*|PI_CODING_AGENT_DIR|COPILOT_\w+|XDG_(?:DATA|STATE|CACHE|CONFIG)_HOME)$/u;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

function startOf(
  options: FindOptions,
  of: { readonly quirk: Quirk; readonly agent: AgentRow; readonly program: string },
): Start {
  const { quirk, agent, program } = of;
  const { acp, headless } = quirk;
  const adapter = acp === null ? null : acp.program === quirk.program ? program : find(options, acp.program);
  if (acp !== null && adapter !== null) return { kind: 'acp', file: adapter, args: acp.args };
  if (headless !== null) return { kind: 'headless', file: program };
  throw new CodeframeError({ code: 'missing-program', program: acp?.program ?? program, agent: agent.name });
}

function need(options: FindOptions, program: string, agent: string): string {
  const found = find(options, program);
  if (found === null) throw new CodeframeError({ code: 'missing-program', program, agent });
  return found;
}

function find({ env, projectDir }: FindOptions, program: string): string | null {
  const found = findProgram(program, { path: env['PATH'] ?? '', dir: projectDir });
  // A launcher finds its own parts beside the file that the link leads to.
  return found === null ? null : realpathSync(found);
}
