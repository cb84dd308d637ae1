import * as acp from '@agentclientprotocol/sdk';
import { markerVariable } from '../../agent/processes.ts';
import type { Clock } from '../../clock.ts';
import { AgentProblem, type AgentClient, type TurnEnd } from './agent-client.ts';
import { AgentProcess, type AgentCommand } from './agent-process.ts';
import { readJsonLines } from './json-lines.ts';
import type { Json } from '../../gateway/json.ts';
import { textField } from './quirk.ts';

export interface AcpParts {
  readonly command: AgentCommand;
  readonly clock: Clock;
  readonly projectDir: string;
  readonly mcpUrl: string;
  /** See `AgentDriverOptions`. */
  readonly toolsCommand: readonly string[];
  /** The mode to set; null: the agent's own. */
  readonly mode: string | null;
  /** Decides a permission: what the agent wants to run, or what it wants to do. Null: never answered. */
  readonly mayDo: (wish: Wish) => Promise<Decision>;
}

/** What an agent asks a permission for. */
export interface Wish {
  /** `execute` for command lines; else what ACP calls it: `edit`, `read`, `fetch` … */
  readonly kind: string;
  /** A command line, or the agent's own title of it. */
  readonly line: string;
}

/** `hold`: no answer is given; the process is about to be stopped. */
export type Decision = 'allow' | 'deny' | 'hold';

/** An agent answers its first request, also when it unpacks itself first on a busy machine, within this. */
const answerMs = 180_000;
const chunksMax = 5000;

/** An agent that speaks the Agent Client Protocol over its standard streams. */
export class AcpClient implements AgentClient {
  readonly #parts: AcpParts;
  readonly #process: AgentProcess;
  readonly #connection: acp.ClientConnection;
  /** Tool calls that have begun and not ended. Some agents say of one that it is pending until it has ended. */
  readonly #begun = new Set<string>();
  /** Those of them that wait for a permission. */
  readonly #asking = new Set<string>();
  #sessionId: string | null = null;
  #said: string[] = [];
  #isLoading = false;
  #broken: string | null = null;

  constructor(parts: AcpParts) {
    this.#parts = parts;
    this.#process = new AgentProcess(parts.command);
    this.#connection = acp
      .client({ name: 'codeframe' })
      .onNotification(acp.methods.client.session.update, ({ params }) => this.#update(params.update))
      .onRequest(acp.methods.client.session.requestPermission, ({ params }) => this.#permit(params))
      .connect(this.#stream());
  }

  get toolsRunning(): number {
    return [...this.#begun].filter((id) => !this.#asking.has(id)).length;
  }

  get isAsking(): boolean {
    return this.#asking.size > 0;
  }

  async open(sessionId: string | null): ReturnType<AgentClient['open']> {
    const { agentCapabilities: able, protocolVersion } = await this.#within(
      'initialize',
      this.#connection.agent.request(acp.methods.agent.initialize, {
        protocolVersion: acp.PROTOCOL_VERSION,
        clientInfo: { name: 'codeframe', version: '1' },
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      }),
    );
    if (protocolVersion !== acp.PROTOCOL_VERSION)
      throw new AgentProblem(
        `it speaks version ${String(protocolVersion)} of the Agent Client Protocol, and codeframe ${acp.PROTOCOL_VERSION}`,
      );
    const place = { cwd: this.#parts.projectDir, mcpServers: this.#mcpServers(able) };
    const lost = sessionId === null ? null : await this.#goOn(sessionId, able, place);
    if (sessionId === null || lost !== null) {
      const made = await this.#within<acp.NewSessionResponse>(
        'session/new',
        this.#connection.agent.request(acp.methods.agent.session.new, place),
      );
      this.#sessionId = made.sessionId;
    } else {
      this.#sessionId = sessionId;
    }
    await this.#setMode(this.#sessionId);
    return { sessionId: this.#sessionId, lost };
  }

  async prompt(text: string): Promise<TurnEnd> {
    const sessionId = this.#sessionId;
    if (sessionId === null) throw new Error('there is no session yet');
    this.#said = [];
    const turn = this.#connection.agent.request(acp.methods.agent.session.prompt, {
      sessionId,
      prompt: [{ type: 'text', text }],
    });
    const { stopReason } = await this.#orExit(turn);
    this.#begun.clear();
    const said = this.#said.join('').trim();
    if (stopReason === 'end_turn') return { kind: 'ended', said };
    if (stopReason === 'cancelled') return { kind: 'cancelled' };
    return { kind: 'failed', problem: `it ended its turn with ${stopReason}` };
  }

  cancel(): void {
    if (this.#sessionId === null) return;
    this.#connection.agent
      .notify(acp.methods.agent.session.cancel, { sessionId: this.#sessionId })
      .catch(() => undefined);
  }

  leave(): void {
    this.#process.stdin?.end();
  }

  terminate(): void {
    this.#process.signal('SIGTERM');
  }

  close(): void {
    this.#connection.close();
    this.#process.letGo();
  }

  /** Null when the session is there again; else why not. */
  async #goOn(
    sessionId: string,
    able: acp.AgentCapabilities | undefined,
    place: { readonly cwd: string; readonly mcpServers: acp.McpServer[] },
  ): Promise<string | null> {
    const canResume =
      able?.sessionCapabilities?.resume !== undefined && able.sessionCapabilities.resume !== null;
    if (!canResume && able?.loadSession !== true) return 'it cannot load sessions';
    const { resume, load } = acp.methods.agent.session;
    this.#isLoading = true;
    try {
      const asked = this.#connection.agent.request(canResume ? resume : load, { ...place, sessionId });
      await this.#within('session/load', asked);
      return null;
    } catch (error) {
      if (error instanceof AgentProblem) throw error;
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.#isLoading = false;
    }
  }

  #mcpServers(able: acp.AgentCapabilities | undefined): acp.McpServer[] {
    const { mcpUrl, toolsCommand } = this.#parts;
    const name = 'codeframe';
    if (able?.mcpCapabilities?.http === true) return [{ type: 'http', name, url: mcpUrl, headers: [] }];
    // Every agent can start a program; many give it nothing of their own environment, and it is to carry the marker.
    const [command = '', ...args] = toolsCommand;
    const marker = { name: markerVariable, value: this.#parts.command.env[markerVariable] ?? '' };
    return [{ name, command, args: [...args, mcpUrl], env: [marker] }];
  }

  async #setMode(sessionId: string): Promise<void> {
    const { mode } = this.#parts;
    if (mode === null) return;
    const asked = this.#connection.agent.request(acp.methods.agent.session.setMode, {
      sessionId,
      modeId: mode,
    });
    await this.#within('session/set_mode', asked).catch((error: unknown) => {
      if (error instanceof AgentProblem) throw error;
      // An older or newer one has it under another name; what it may do is then asked, and allowed one by one.
      this.#parts.command.output.write(`codeframe: the mode ${mode} is not there: ${String(error)}\n`);
    });
  }

  #update(update: acp.SessionUpdate): void {
    if (this.#isLoading) return;
    const { sessionUpdate } = update;
    if (sessionUpdate === 'agent_message_chunk' && update.content.type === 'text')
      this.#hear(update.content.text);
    if (sessionUpdate === 'tool_call') {
      // What it said before a tool is no summary of its work.
      this.#said = [];
      this.#track(update.toolCallId, update.status ?? 'pending');
    }
    if (sessionUpdate === 'tool_call_update') this.#track(update.toolCallId, update.status ?? null);
  }

  /** Only the end of it is a summary, whatever it goes on about. */
  #hear(text: string): void {
    this.#said.push(text);
    if (this.#said.length > chunksMax) this.#said.shift();
  }

  #track(toolCallId: string, status: string | null): void {
    if (status === 'completed' || status === 'failed') this.#begun.delete(toolCallId);
    else if (status !== null) this.#begun.add(toolCallId);
  }

  async #permit(asked: acp.RequestPermissionRequest): Promise<acp.RequestPermissionResponse> {
    const decision = await this.#decide(asked.toolCall);
    const wanted = decision === 'allow' ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always'];
    const option = wanted.map((kind) => asked.options.find((one) => one.kind === kind)).find((one) => one);
    if (option === undefined) return { outcome: { outcome: 'cancelled' } };
    return { outcome: { outcome: 'selected', optionId: option.optionId } };
  }

  async #decide(call: acp.ToolCallUpdate): Promise<'allow' | 'deny'> {
    this.#asking.add(call.toolCallId);
    try {
      const decision = await this.#parts.mayDo(wishOf(call));
      return decision === 'hold' ? await new Promise<never>(() => undefined) : decision;
    } finally {
      this.#asking.delete(call.toolCallId);
    }
  }

  /** Its messages, as the SDK wants them; lines that are none go to its log. */
  #stream(): acp.Stream {
    const { stdin, stdout } = this.#process;
    const { output } = this.#parts.command;
    // The connection may be closed before the agent ends; what it says then is read and dropped.
    let isClosed = false;
    const readable = new ReadableStream<acp.AnyMessage>({
      start: (controller) => {
        if (stdout === null) return controller.close();
        readJsonLines(stdout, {
          line: (value) => {
            if (!isClosed) controller.enqueue(value as unknown as acp.AnyMessage);
          },
          junk: (line) => output.write(`${line.slice(0, 2000)}\n`),
        }).then(
          () => {
            if (!isClosed) controller.close();
          },
          (error: unknown) => {
            this.#broken = error instanceof Error ? error.message : String(error);
            this.#process.signal('SIGTERM');
            if (!isClosed) controller.error(error);
          },
        );
      },
      cancel: () => {
        isClosed = true;
      },
    });
    const writable = new WritableStream<acp.AnyMessage>({
      write: (message) =>
        new Promise((resolve, reject) => {
          if (stdin === null) return reject(new Error('it was not started'));
          stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
        }),
    });
    return { readable, writable };
  }

  /** A request's answer, unless the agent ends or does not answer at all. */
  async #within<T>(what: string, answer: Promise<T>): Promise<T> {
    const enough = new AbortController();
    const late = this.#parts.clock.sleep(answerMs, enough.signal).then((): never => {
      throw new AgentProblem(`it did not answer ${what} within ${answerMs / 1000} s`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#orExit(answer), late]);
    } finally {
      enough.abort();
    }
  }

  async #orExit<T>(answer: Promise<T>): Promise<T> {
    const ended = this.#process.exited.then((exit): never => {
      throw new AgentProblem(this.#broken ?? this.#process.endWords(exit));
    });
    ended.catch(() => undefined);
    try {
      return await Promise.race([answer, ended]);
    } catch (error) {
      if (!this.#connection.signal.aborted) throw error;
      // The pipe ends a moment before the process does.
      return await ended;
    }
  }
}

function wishOf(call: acp.ToolCallUpdate): Wish {
  const kind = call.kind ?? 'other';
  const command = textField(call.rawInput as Json, 'command');
  if (command !== null) return { kind: 'execute', line: command };
  const title = (call.title ?? 'something').replaceAll(/^`|`$/gu, '');
  return { kind, line: title };
}
