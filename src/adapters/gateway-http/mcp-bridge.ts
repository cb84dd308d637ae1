import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createInterface } from 'node:readline';
import { field, parseJson, text as textIn, type Json } from '../../gateway/json.ts';
import { SseReader } from '../../gateway/sse-reader.ts';
import { problemOf } from '../../problem-of.ts';

/**
 * Speaks MCP on two streams, a JSON object a line, and passes each on to a server on HTTP: for agents that know no
 * other way to a server than to start a program. Resolves when the input ends and all is answered.
 */
export async function bridgeMcp(
  url: URL,
  streams: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
): Promise<void> {
  const session: BridgeSession = { version: null };
  const open = new Set<Promise<void>>();
  for await (const line of createInterface({ input: streams.input })) {
    if (line.trim() === '') continue;
    const passed = pass({ url, line, session }, (answer) => streams.output.write(`${answer}\n`));
    open.add(passed);
    void passed.finally(() => open.delete(passed));
  }
  await Promise.all(open);
}

interface BridgeSession {
  /** As the server named it when the session began. */
  version: string | null;
}

interface BridgeCall {
  readonly url: URL;
  readonly line: string;
  readonly session: BridgeSession;
}

/** Never rejects: what does not reach the server is answered here. */
async function pass(call: BridgeCall, say: (answer: string) => void): Promise<void> {
  const message = parseJson(call.line);
  const id = field(message, 'id');
  try {
    const answer = await post(call, message);
    for await (const text of messagesOf(answer)) {
      const version = textIn(field(field(parseJson(text), 'result'), 'protocolVersion'));
      if (version !== null && field(message, 'method') === 'initialize') call.session.version = version;
      say(text);
    }
  } catch (error) {
    if (id === undefined) return;
    const problem = `codeframe cannot be reached: ${problemOf(error)}`;
    say(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_603, message: problem } }));
  }
}

function post({ url, line, session }: BridgeCall, message: Json): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send(url, { method: 'POST', headers: headersFor(message, session) }, resolve);
    request.once('error', reject);
    request.end(line);
  });
}

/** Newer clients name their version in each message; the server wants method and name as headers then. */
function headersFor(message: Json, session: BridgeSession): Record<string, string> {
  const params = field(message, 'params');
  const own = textIn(field(field(params, '_meta'), 'io.modelcontextprotocol/protocolVersion'));
  const version = own ?? session.version;
  const name = textIn(field(params, 'name'));
  const method = textIn(field(message, 'method'));
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(version === null ? {} : { 'mcp-protocol-version': version }),
    ...(own === null || method === null ? {} : { 'mcp-method': method }),
    ...(own === null || name === null ? {} : { 'mcp-name': name }),
  };
}

async function* messagesOf(answer: IncomingMessage): AsyncGenerator<string> {
  answer.setEncoding('utf8');
  const isStream = (answer.headers['content-type'] ?? '').includes('text/event-stream');
  const events = new SseReader();
  let plain = '';
  for await (const piece of answer as AsyncIterable<string>) {
    if (isStream) yield* events.push(piece);
    else plain += piece;
  }
  if (isStream) yield* events.end();
  else if (parseJson(plain) !== undefined) yield JSON.stringify(parseJson(plain));
  else if ((answer.statusCode ?? 500) >= 400) throw new Error(`it answered ${answer.statusCode}`);
}
