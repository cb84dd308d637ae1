import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from '../../gateway/gateway.ts';
import { chooseProvider, providerUrl, recognise, wires, type Recognised } from '../../gateway/wires.ts';
import { problemOf } from '../../problem-of.ts';
import { headersToAgent } from './headers.ts';
import type { Line, LineCall } from './line.ts';
import { closedSignal, passOn } from './pass-on.ts';
import type { ProviderConnections } from './provider-call.ts';
import { bodyBytesMax, readBody } from './read-body.ts';
import { refuse } from './refuse.ts';
import { Turn } from './turn.ts';

export interface LineRequest {
  readonly line: Line;
  readonly connections: ProviderConnections;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Behind the secret, with the query. */
  readonly path: string;
}

/** Answers one request of an agent. Never rejects. */
export async function serveLine(asked: LineRequest): Promise<void> {
  const { request, response, path, line } = asked;
  // The agent may go at any time; whoever writes to it then is told by its own call.
  response.on('error', () => {});
  const seen = recognise(request.method ?? 'GET', path.replace(/\?.*$/s, ''));
  const call = line.enter(seen.kind === 'turn' ? 'model' : 'beside');
  const { signal } = call.cut;
  // Whatever the request waits for, its body, the provider or the agent: it ends with its connection.
  signal.addEventListener('abort', () => response.destroy(), { once: true });
  try {
    signal.throwIfAborted();
    // The agent's tools are never held: they touch no files, and a call that waits would not reach them.
    if (/^\/mcp\/?(?:\?|$)/.test(path)) await (await line.tools()).serve(request, response);
    else await serve(asked, seen, call);
  } catch (error) {
    line.parts.log.debug({ err: error, agent: line.seat.agent }, 'a request of the agent ended early');
    response.destroy();
  } finally {
    line.leave(call);
  }
}

async function serve(asked: LineRequest, seen: Recognised, call: LineCall): Promise<void> {
  const { line, request, response, path } = asked;
  const isAnthropic = request.headers['anthropic-version'] !== undefined;
  const provider = chooseProvider(line.seat.providers, { wire: seen.wire, path, isAnthropic });
  const wire = seen.wire ?? wires['openai-chat'];
  const body = await readBody(request);
  if (body === null) {
    const problem = `codeframe takes calls of up to ${bodyBytesMax / 1024 / 1024} MB`;
    refuse(response, { status: 413, body: wire.error(413, problem) });
    return;
  }
  if (provider === null) {
    const problem = `codeframe has no provider that speaks ${wire.protocol} for the agent ${line.seat.agent}`;
    refuse(response, { status: 400, body: wire.error(400, problem) });
    return;
  }
  if (seen.kind === 'other') await passOther(asked, { provider, body });
  else await Turn.serve(line, asked.connections, { request, response, path, body, wire, provider, call });
}

/** Lists of models, counts of tokens and whatever else: passed on, not recorded, never held. */
async function passOther(
  asked: LineRequest,
  { provider, body }: { readonly provider: Provider; readonly body: Buffer },
): Promise<void> {
  const { request, response, path, connections } = asked;
  const method = request.method ?? 'GET';
  const sent = { method, rawHeaders: request.rawHeaders, body, isPlain: false, isUnpacked: false };
  const url = providerUrl(provider.baseUrl, path);
  let answer: IncomingMessage;
  try {
    answer = await connections.call({ ...sent, url, signal: closedSignal(response) });
  } catch (error) {
    const problem = `codeframe could not reach ${url.origin}: ${problemOf(error)}`;
    refuse(response, { status: 502, body: wires[provider.protocol].error(502, problem) });
    return;
  }
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headersToAgent(answer.rawHeaders));
  await passOn(answer, response, { reader: null, onFirst: () => {} });
  response.end();
}
