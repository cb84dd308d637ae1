import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson, type Json } from '../../gateway/json.ts';
import { offeredTools, shellCall, type OfferedTool } from '../../gateway/offered-tools.ts';
import { replyBody, replyEvents, type RecordedReply } from '../../gateway/recorded-reply.ts';
import { callIdOf, nextTurn, type NextTurn, type RecordedTurn } from '../../gateway/recorded-turn.ts';
import type { Wire, WireMessage } from '../../gateway/wire.ts';
import { recognise } from '../../gateway/wires.ts';
import { readBody, textOfBody } from './read-body.ts';

export interface Recording {
  readonly turns: readonly RecordedTurn[];
  /** As a client is told of it when there are no more turns; null: then the last one is said again. */
  readonly name: string | null;
}

/** A model on loopback that plays a recording, in every protocol: no key, no cost, the same answers each time. */
export interface RecordedServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What each call of the model held: the texts of its history, joined. */
  readonly histories: readonly string[];
}

/** Serves turns until they are said, and their last one again and again. */
export function openRecordedTurns(turns: readonly RecordedTurn[]): Promise<RecordedServer> {
  return serveRecording({ turns, name: null });
}

/**
 * Serves a recording. Which turn comes next is decided by the history of a call alone, so that an agent that resumes gets
 * the turn where it was. A call that offers no tools (for a title, a summary) uses up no turn.
 */
export async function serveRecording(recording: Recording): Promise<RecordedServer> {
  const histories: string[] = [];
  const server = createServer((request, response) => {
    answer({ recording, histories, request, response }).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    histories,
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

interface RecordedCall {
  readonly recording: Recording;
  readonly histories: string[];
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer(call: RecordedCall): Promise<void> {
  const { request, response } = call;
  const url = request.url ?? '/';
  const { kind, wire } = recognise(request.method ?? 'GET', url.replace(/\?.*$/s, ''));
  const packed = await readBody(request);
  const body = packed === null ? null : await textOfBody(packed, request.headers['content-encoding']);
  const bytes = packed?.length ?? 0;
  if (kind === 'turn') await answerTurn(call, { wire, url, body: parseJson(body ?? ''), bytes });
  else if (wire !== null)
    json(response, 200, { input_tokens: tokensOf(bytes), totalTokens: tokensOf(bytes) });
  else if (url.includes('/models'))
    json(response, 200, { object: 'list', data: [{ id: 'recorded', object: 'model' }] });
  else json(response, 404, { error: { message: `a recorded model has no ${url}` } });
}

interface AskedTurn {
  readonly wire: Wire;
  readonly url: string;
  readonly body: Json;
  readonly bytes: number;
}

async function answerTurn(call: RecordedCall, asked: AskedTurn): Promise<void> {
  const { wire, url, body } = asked;
  const { response, recording, histories } = call;
  const tools = offeredTools(wire.protocol, body);
  const history = wire.read(body);
  histories.push(textIn(history));
  const next = nextTurn(recording.turns, history);
  const turn = tools.length === 0 ? { text: 'A recorded session' } : turnOf(recording, next);
  if (turn === undefined) {
    const problem = `the recorded model (${recording.name}) has no more turns (it has ${recording.turns.length})`;
    json(response, 400, wire.error(400, problem));
    return;
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  await sleep(turn.delayMs ?? 0, undefined, { signal: gone.signal });
  const reply = replyOf(turn, { asked, next, tools, history });
  if (reply === null) json(response, 400, wire.error(400, 'the agent offers no tool that runs a command'));
  else if (!wire.isStreamed(body, url)) json(response, 200, replyBody(wire.protocol, reply));
  else {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(replyEvents(wire.protocol, reply).join(''));
  }
}

function textIn(history: readonly WireMessage[]): string {
  return history.flatMap(({ parts }) => parts.map(({ text }) => text)).join('\n');
}

function turnOf({ turns, name }: Recording, { turn }: NextTurn): RecordedTurn | undefined {
  return turns[turn] ?? (name === null ? turns.at(-1) : undefined);
}

function replyOf(
  turn: RecordedTurn,
  call: {
    readonly asked: AskedTurn;
    readonly next: NextTurn;
    readonly tools: readonly OfferedTool[];
    readonly history: readonly WireMessage[];
  },
): RecordedReply | null {
  const { asked, next, tools, history } = call;
  const shell = turn.shell === undefined ? undefined : shellCall(tools, turn.shell);
  if (shell === null) return null;
  const calls = [...(turn.calls ?? []), ...(shell === undefined ? [] : [shell])];
  const made = calls.map((one, n) => ({ ...one, id: callIdOf(next, n) }));
  const said = (turn.text ?? '').length + JSON.stringify(calls).length;
  const replies = history.filter(({ role }) => role === 'assistant').length;
  return {
    model: asked.wire.modelOf(asked.body, asked.url) ?? 'recorded',
    // Clients take two replies with one id for one.
    id: `recorded_${next.turn + 1}_${replies + 1}`,
    text: turn.text ?? '',
    calls: made,
    usage: {
      inputTokens: tokensOf(asked.bytes),
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: tokensOf(said),
    },
  };
}

/** A recording knows no tokenizer: about four bytes are one token. */
function tokensOf(bytes: number): number {
  return Math.ceil(bytes / 4);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
