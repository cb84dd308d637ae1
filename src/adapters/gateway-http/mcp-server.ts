import type { IncomingMessage, ServerResponse } from 'node:http';
import { createMcpHandler, McpServer, type McpHttpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { ToolResult } from '../../agent/tool.ts';
import {
  agentToolWords,
  askTool,
  doneTool,
  recallTool,
  rememberTool,
  type AgentDesk,
} from '../../gateway/agent-tools.ts';
import { problemOf } from '../../problem-of.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { readBody } from './read-body.ts';

/** Who calls, and what the tools do for it. */
export interface McpSeat {
  readonly desk: AgentDesk;
  readonly agent: string;
  readonly parts: GatewayParts;
}

/** An agent's tools as an MCP server over HTTP, without sessions: it may be called again after a restart. */
export class McpLine {
  readonly #handler: McpHttpHandler;

  constructor(seat: McpSeat) {
    const { log } = seat.parts;
    this.#handler = createMcpHandler(() => serverFor(seat), {
      onerror: (error) => log.debug({ err: error, agent: seat.agent }, 'a request of its tools was refused'),
    });
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const isBodied = request.method === 'POST' && body !== null;
    const served = await this.#handler.fetch(
      new Request(`http://127.0.0.1/mcp`, {
        method: request.method ?? 'GET',
        headers: headersOf(request),
        ...(isBodied ? { body: new Uint8Array(body) } : {}),
      }),
    );
    response.writeHead(served.status, Object.fromEntries(served.headers));
    for await (const chunk of served.body ?? []) response.write(chunk);
    response.end();
  }

  close(): Promise<void> {
    return this.#handler.close();
  }
}

function headersOf(request: IncomingMessage): [string, string][] {
  return Object.entries(request.headers).flatMap(([name, value]) =>
    typeof value === 'string' && name !== 'content-length' && name !== 'connection' ? [[name, value]] : [],
  );
}

function serverFor(seat: McpSeat): McpServer {
  const { desk, agent } = seat;
  const server = new McpServer({ name: 'codeframe', version: '1' }, { capabilities: { tools: {} } });
  const words = agentToolWords;
  server.registerTool('recall', { description: words.recall, inputSchema: recallInput }, (input) =>
    answer(seat, () => recallTool(desk, input)),
  );
  server.registerTool('remember', { description: words.remember, inputSchema: rememberInput }, (input) =>
    answer(seat, () => rememberTool(desk, input.text)),
  );
  server.registerTool('ask_human', { description: words.ask_human, inputSchema: askInput }, (input) =>
    answer(seat, () => askTool(desk, input.question)),
  );
  server.registerTool('task_done', { description: words.task_done, inputSchema: doneInput }, (input) =>
    answer(seat, () => doneTool(desk, input.summary)),
  );
  const { checkpoint } = seat.parts;
  if (checkpoint === undefined) return server;
  server.registerTool(
    'checkpoint',
    { description: words.checkpoint, inputSchema: checkpointInput },
    (input) =>
      answer(seat, async () => {
        const id = await checkpoint({
          agent,
          ...given('name', input.name),
          ...given('reason', input.reason),
        });
        return { text: `The checkpoint ${id} holds the project as it is now.`, isError: false };
      }),
  );
  return server;
}

function given<Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: string });
}

const recallInput = z.object({
  id: z.string().optional().describe('The id in the stub.'),
  words: z.string().optional().describe('Words that it contains.'),
  part: z.number().int().min(1).optional().describe('Of a long piece, which part; from 1.'),
});
const rememberInput = z.object({ text: z.string().describe('What has to be kept, in full sentences.') });
const checkpointInput = z.object({
  name: z.string().optional().describe('A name for it, without spaces.'),
  reason: z.string().optional().describe('Why now, in one sentence.'),
});
const askInput = z.object({
  question: z.string().describe('One question, with what is needed to answer it.'),
});
const doneInput = z.object({ summary: z.string().describe('What you did, in one to five sentences.') });

interface McpAnswer {
  [key: string]: unknown;
  content: { type: 'text'; text: string }[];
  isError: boolean;
}

/** What goes wrong is told to the agent as a result, and to the log. */
async function answer(seat: McpSeat, run: () => ToolResult | Promise<ToolResult>): Promise<McpAnswer> {
  try {
    const { text, isError } = await run();
    return { content: [{ type: 'text', text }], isError };
  } catch (error) {
    seat.parts.log.warn({ err: error, agent: seat.agent }, 'a tool of the agent failed');
    return { content: [{ type: 'text', text: problemOf(error) }], isError: true };
  }
}
