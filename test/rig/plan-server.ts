import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicWire } from './wire/anthropic.ts';
import { openaiChatWire } from './wire/openai-chat.ts';
import { openaiResponsesWire } from './wire/openai-responses.ts';
import { field, word, type Json, type ScriptTurn, type Wire } from './wire/wire.ts';

/** One call of a model, as a real agent sent it. */
export interface PlanCall {
  readonly wire: string;
  /** The numbers of the steps whose result is in the history, in order. */
  readonly done: readonly number[];
  /** The step that it was answered with; null for an answer without a tool. */
  readonly step: number | null;
  /** What is not legal in it, as strict providers see it. */
  readonly violations: readonly string[];
  /** The last words of the user. */
  readonly prompt: string;
  /** As it was sent. */
  readonly body: string;
  /** When it came, in ms of `performance.now()`. */
  readonly at: number;
}

export interface Plan {
  readonly steps: number;
  /** The command line of a step; its output must hold `step N is done`. */
  readonly command: (step: number) => string;
  /** What it says at the end. */
  readonly end: string;
}

/** The line that makes a step's effect and says so: an effect that happened twice is there twice. */
export function appendLine(step: number): string {
  return `echo effect-${step} >> effects.txt && echo step ${step} is done`;
}

/**
 * A scripted model for real agents: a plan of shell commands, one a turn. What comes next is decided from the history
 * alone, whatever else the agent puts there, and each history is checked for calls without exactly one result.
 */
export class PlanServer implements AsyncDisposable {
  readonly calls: PlanCall[] = [];
  readonly #plan: Plan;
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  /** Awaited before an answer. */
  wait: (call: PlanCall) => Promise<void> = async () => undefined;
  /** Asked before an answer; true: it begins to answer and never goes on. */
  stall: (call: PlanCall) => boolean = () => false;

  private constructor(plan: Plan) {
    this.#plan = plan;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(plan: Plan): Promise<PlanServer> {
    const server = new PlanServer(plan);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Of the plan; without titles and the like. */
  get planned(): readonly PlanCall[] {
    return this.calls.filter(({ step }) => step !== null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const dialect = dialects.find(({ at }) => path.endsWith(at));
    const text = Buffer.concat(chunks).toString('utf8');
    if (dialect === undefined || text === '') {
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"error":{"message":"no such path"}}');
      return;
    }
    if (path.endsWith('/count_tokens')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":1000}');
      return;
    }
    await this.#answer(dialect, text, response);
  }

  async #answer(dialect: Dialect, text: string, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const body = JSON.parse(text) as Json;
    const pieces = dialect.pieces(body);
    const shell = shellOf(dialect.tools(body));
    const done = stepsDone(pieces);
    const next = done.length === 0 ? 0 : Math.max(...done) + 1;
    const step = shell === null || next >= this.#plan.steps ? null : next;
    const prompt = pieces.findLast(({ kind }) => kind === 'user')?.text ?? '';
    const call = {
      wire: dialect.wire.name,
      done,
      step,
      violations: violationsOf(pieces),
      prompt,
      body: text,
      at,
    };
    this.calls.push(call);
    await this.wait(call);
    const turn = step === null || shell === null ? { text: this.#plan.end } : this.#turn(step, shell);
    const events = dialect.wire.write(turn, 1000 + this.calls.length);
    if (field(body, 'stream') !== true) {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(dialect.whole(this.#plan.end)));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (this.stall(call)) {
      for (const event of events.slice(0, Math.ceil(events.length / 2))) response.write(event);
      this.#open.add(response);
      return;
    }
    for (const event of events) response.write(event);
    response.end();
  }

  #turn(step: number, shell: Shell): ScriptTurn {
    return {
      text: `Now step ${step}.`,
      calls: [{ tool: shell.tool, input: shell.input(this.#plan.command(step)) }],
    };
  }
}

interface Piece {
  readonly kind: 'user' | 'assistant' | 'call' | 'result';
  readonly text: string;
  readonly id?: string;
}

interface Dialect {
  readonly wire: Wire;
  /** How its path ends. */
  readonly at: string;
  tools(body: Json): readonly string[];
  pieces(body: Json): readonly Piece[];
  /** An answer that is no stream. */
  whole(said: string): object;
}

interface Shell {
  readonly tool: string;
  readonly input: (line: string) => object;
}

/** The tool by which an agent runs command lines, by the names of its tools. */
function shellOf(tools: readonly string[]): Shell | null {
  const plain = (line: string): object => ({ command: line, description: 'a step of the plan' });
  const shells: readonly Shell[] = [
    { tool: 'Bash', input: plain },
    { tool: 'exec_command', input: (line) => ({ cmd: line, yield_time_ms: 30_000 }) },
    { tool: 'bash', input: plain },
    {
      tool: 'run_shell_command',
      input: (line) => ({ command: line, description: 'a step', is_background: false }),
    },
    { tool: 'run_commands', input: (line) => ({ commands: [line] }) },
  ];
  return shells.find(({ tool }) => tools.includes(tool)) ?? null;
}

function stepsDone(pieces: readonly Piece[]): readonly number[] {
  return pieces
    .filter(({ kind }) => kind === 'result')
    .flatMap(({ text }) => [...text.matchAll(/step (\d+) is done/gu)].map(([, number]) => Number(number)));
}

/** Each call must have exactly one result, and each result its call before it. */
function violationsOf(pieces: readonly Piece[]): readonly string[] {
  const calls = new Map<string, number>();
  const problems: string[] = [];
  for (const { kind, id = '' } of pieces) {
    if (kind === 'call' && calls.has(id)) problems.push(`the call ${id} is there twice`);
    if (kind === 'call') calls.set(id, 0);
    if (kind !== 'result') continue;
    const results = calls.get(id);
    if (results === undefined) problems.push(`a result without its call: ${id}`);
    if (results === 1) problems.push(`two results of the call ${id}`);
    calls.set(id, (results ?? 0) + 1);
  }
  for (const [id, results] of calls) if (results === 0) problems.push(`the call ${id} has no result`);
  return problems;
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function said(content: Json): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((piece) => word(piece, 'text'))
    .join('');
}

const anthropic: Dialect = {
  wire: anthropicWire,
  at: '/v1/messages',
  tools: (body) => listOf(field(body, 'tools')).map((tool) => word(tool, 'name')),
  pieces: (body) =>
    listOf(field(body, 'messages')).flatMap((message): readonly Piece[] => {
      const content = field(message, 'content');
      const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content);
      return blocks.map((block): Piece => {
        const type = word(block, 'type');
        if (type === 'tool_use') return { kind: 'call', text: '', id: word(block, 'id') };
        if (type === 'tool_result')
          return { kind: 'result', text: said(field(block, 'content')), id: word(block, 'tool_use_id') };
        const kind = word(message, 'role') === 'assistant' ? 'assistant' : 'user';
        return { kind, text: word(block, 'text') };
      });
    }),
  whole: (text) => ({
    id: 'msg_whole',
    type: 'message',
    role: 'assistant',
    model: 'scripted',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 3 },
  }),
};

const chat: Dialect = {
  wire: openaiChatWire,
  at: '/chat/completions',
  tools: (body) => listOf(field(body, 'tools')).map((tool) => word(field(tool, 'function'), 'name')),
  pieces: (body) =>
    listOf(field(body, 'messages')).flatMap((message): readonly Piece[] => {
      const role = word(message, 'role');
      const text = said(field(message, 'content'));
      if (role === 'tool') return [{ kind: 'result', text, id: word(message, 'tool_call_id') }];
      if (role !== 'assistant') return role === 'user' ? [{ kind: 'user', text }] : [];
      const calls = listOf(field(message, 'tool_calls'));
      return [
        { kind: 'assistant', text },
        ...calls.map((call): Piece => ({ kind: 'call', text: '', id: word(call, 'id') })),
      ];
    }),
  whole: (content) => ({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'scripted',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 },
  }),
};

const responses: Dialect = {
  wire: openaiResponsesWire,
  at: '/v1/responses',
  tools: (body) => listOf(field(body, 'tools')).map((tool) => word(tool, 'name')),
  pieces: (body) =>
    listOf(field(body, 'input')).flatMap((item): readonly Piece[] => {
      const type = word(item, 'type');
      if (type === 'function_call') return [{ kind: 'call', text: '', id: word(item, 'call_id') }];
      if (type === 'function_call_output') {
        const output = field(item, 'output');
        const text = typeof output === 'string' ? output : said(output);
        return [{ kind: 'result', text, id: word(item, 'call_id') }];
      }
      const role = word(item, 'role');
      if (role === 'assistant') return [{ kind: 'assistant', text: said(field(item, 'content')) }];
      return role === 'user' ? [{ kind: 'user', text: said(field(item, 'content')) }] : [];
    }),
  whole: (text) => ({
    id: 'resp_whole',
    object: 'response',
    status: 'completed',
    output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }],
  }),
};

const dialects: readonly Dialect[] = [anthropic, chat, responses];
