import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CodeframeError } from '../../failure.ts';
import type { Provider, WireProtocol } from '../../gateway/gateway.ts';
import { parseJson, type Json } from '../../gateway/json.ts';
import { offeredTools, shellCall, type OfferedTool } from '../../gateway/offered-tools.ts';
import { replyBody, replyEvents, type RecordedReply } from '../../gateway/recorded-reply.ts';
import { callIdOf, nextTurn, type NextTurn, type RecordedTurn } from '../../gateway/recorded-turn.ts';
import type { Wire } from '../../gateway/wire.ts';
import { recognise, wires } from '../../gateway/wires.ts';
import { readBody, textOfBody } from './read-body.ts';

const turnSchema = z.strictObject({
  text: z.string().optional(),
  calls: z.array(z.strictObject({ tool: z.string(), input: z.record(z.string(), z.unknown()) })).optional(),
  shell: z.string().optional(),
  delayMs: z.number().int().min(0).max(600_000).optional(),
});

/** A recording served as a provider of every protocol, for demos and tests: whatever is shown of it says "recorded model". */
export interface RecordedProvider extends AsyncDisposable {
  readonly providers: readonly Provider[];
}

/**
 * Serves the turns of a file, one JSON object a line, on loopback. Throws `unknown-model` when it cannot be read and
 * `corrupt-recording` when a line is no turn. A call that offers no tools (for a title, a summary) uses up no turn.
 */
export async function openRecordedProvider(file: string, projectDir: string): Promise<RecordedProvider> {
  const turns = await readTurns(resolve(projectDir, file), file);
  const server = createServer((request, response) => {
    answer({ request, response, turns, file }).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const protocols = Object.keys(wires) as WireProtocol[];
  return {
    providers: protocols.map((protocol) => ({ protocol, baseUrl, recorded: true })),
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

/**
 * Providers whose address is `recorded:FILE` as servers of that recording; the others as they are. What was opened is
 * closed with the result.
 */
export async function withRecordings(
  providers: readonly Provider[],
  projectDir: string,
): Promise<RecordedProvider> {
  const opened = new Map<string, RecordedProvider>();
  for (const { baseUrl } of providers) {
    const file = /^recorded:(.+)$/s.exec(baseUrl)?.[1];
    if (file !== undefined && !opened.has(baseUrl))
      opened.set(baseUrl, await openRecordedProvider(file, projectDir));
  }
  return {
    providers: providers.map(
      (provider) =>
        opened.get(provider.baseUrl)?.providers.find(({ protocol }) => protocol === provider.protocol) ??
        provider,
    ),
    async [Symbol.asyncDispose]() {
      for (const recording of opened.values()) await recording[Symbol.asyncDispose]();
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

async function readTurns(path: string, file: string): Promise<readonly RecordedTurn[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const problem = `the file ${path} cannot be read`;
    throw new CodeframeError({ code: 'unknown-model', model: `recorded:${file}`, problem }, { cause });
  });
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    const turn = turnSchema.safeParse(parseJson(line));
    if (turn.success) return [turn.data];
    const problem = turn.error.issues[0]?.message ?? 'not a turn';
    throw new CodeframeError({ code: 'corrupt-recording', path, line: index + 1, problem });
  });
}

interface RecordedCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly turns: readonly RecordedTurn[];
  readonly file: string;
}

async function answer(call: RecordedCall): Promise<void> {
  const { request, response } = call;
  const url = request.url ?? '/';
  const { kind, wire } = recognise(request.method ?? 'GET', url.replace(/\?.*$/s, ''));
  const packed = await readBody(request);
  const body = packed === null ? null : await textOfBody(packed, request.headers['content-encoding']);
  if (kind === 'turn')
    await answerTurn(call, { wire, url, body: parseJson(body ?? ''), bytes: packed?.length ?? 0 });
  else if (wire !== null)
    json(response, 200, {
      input_tokens: tokensOf(packed?.length ?? 0),
      totalTokens: tokensOf(packed?.length ?? 0),
    });
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
  const { response, turns } = call;
  const tools = offeredTools(wire.protocol, body);
  const next = nextTurn(turns, wire.read(body));
  const turn = tools.length === 0 ? { text: 'A recorded session' } : turns[next.turn];
  if (turn === undefined) {
    const problem = `the recorded model (${call.file}) has no more turns (it has ${turns.length})`;
    json(response, 400, wire.error(400, problem));
    return;
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  await sleep(turn.delayMs ?? 0, undefined, { signal: gone.signal });
  const reply = replyOf(turn, { asked, next, tools });
  if (reply === null) json(response, 400, wire.error(400, 'the agent offers no tool that runs a command'));
  else if (!wire.isStreamed(body, url)) json(response, 200, replyBody(wire.protocol, reply));
  else {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(replyEvents(wire.protocol, reply).join(''));
  }
}

function replyOf(
  turn: RecordedTurn,
  call: { readonly asked: AskedTurn; readonly next: NextTurn; readonly tools: readonly OfferedTool[] },
): RecordedReply | null {
  const { asked, next, tools } = call;
  const shell = turn.shell === undefined ? undefined : shellCall(tools, turn.shell);
  if (shell === null) return null;
  const calls = [...(turn.calls ?? []), ...(shell === undefined ? [] : [shell])];
  const made = calls.map((one, n) => ({ ...one, id: callIdOf(next, n) }));
  const said = (turn.text ?? '').length + JSON.stringify(calls).length;
  return {
    model: asked.wire.modelOf(asked.body, asked.url) ?? 'recorded',
    id: `recorded_${next.turn + 1}`,
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
