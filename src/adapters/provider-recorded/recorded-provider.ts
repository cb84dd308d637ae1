import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from '../../gateway/json.ts';
import type { Wire } from '../../gateway/wire.ts';
import { recognise } from '../../gateway/wires.ts';
import { answerOf, streamOf, type RecordedReply } from '../../gateway/write-reply.ts';

/** What a recorded model does next: runs a command line with the agent's own tool, or says something and ends. */
export interface RecordedTurn {
  readonly say: string;
  readonly run?: string;
}

/** A provider on loopback in the place of a vendor: no key, no cost, the same answers each time. */
export interface RecordedProvider extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What each call that was answered held: the texts of its history, joined. */
  readonly histories: readonly string[];
}

/**
 * Serves a list of turns in all four protocols. Which comes next is decided by the results that the history holds, so
 * that an agent that resumes gets the turn where it was. After the last comes its words again.
 */
export async function openRecordedProvider(turns: readonly RecordedTurn[]): Promise<RecordedProvider> {
  const histories: string[] = [];
  const server = createServer((request, response) => {
    void answer({ turns, histories }, request, response).catch((error: unknown) => {
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: String(error) }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    histories,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Recording {
  readonly turns: readonly RecordedTurn[];
  readonly histories: string[];
}

async function answer(
  recording: Recording,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const { kind, wire } = recognise(request.method ?? 'GET', pathname);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (kind !== 'turn' || wire === null) {
    // A list of models, a count of tokens: an agent goes on without.
    response.writeHead(kind === 'other' && wire !== null ? 200 : 404, { 'content-type': 'application/json' });
    response.end('{"data":[],"input_tokens":1}');
    return;
  }
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json;
  const reply = replyTo(recording, wire, body);
  if (!wire.isStreamed(body, pathname)) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answerOf(wire.protocol, reply)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' }).end(streamOf(wire.protocol, reply));
}

function replyTo({ turns, histories }: Recording, wire: Wire, body: Json): RecordedReply {
  const parts = wire.read(body).flatMap((message) => message.parts);
  const id = String(histories.push(parts.map(({ text }) => text).join('\n')));
  const results = parts.filter((part) => part.kind === 'result').length;
  const turn = turns[results] ?? turns.at(-1) ?? { say: 'Done.' };
  const shell = shells.find(({ tool }) => wire.besides(body).includes(`"${tool}"`));
  // A title, a summary: a call without tools is none of the plan.
  if (turn.run === undefined || shell === undefined) return { id, text: turn.say, call: null };
  return { id, text: turn.say, call: { tool: shell.tool, input: shell.input(turn.run) } };
}

const plain = (command: string): object => ({ command, description: 'a step of the recording' });

/** The tools by which agents run command lines. */
const shells: readonly { readonly tool: string; readonly input: (line: string) => object }[] = [
  { tool: 'Bash', input: plain },
  { tool: 'exec_command', input: (cmd) => ({ cmd, yield_time_ms: 30_000 }) },
  {
    tool: 'run_shell_command',
    input: (command) => ({ command, description: 'a step', is_background: false }),
  },
  { tool: 'run_commands', input: (command) => ({ commands: [command] }) },
  { tool: 'bash', input: plain },
];
