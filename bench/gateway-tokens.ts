import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGateway } from '../src/adapters/gateway-http/http-gateway.ts';
import { systemClock } from '../src/adapters/system/system-clock.ts';
import { openO200kTokens } from '../src/adapters/tokens-o200k/o200k-tokens.ts';
import type { Message } from '../src/agent/model.ts';
import { flashSave } from '../src/context/flash-save.ts';
import { silentLog } from '../src/log.ts';
import { parseJson } from '../src/gateway/json.ts';
import { wires } from '../src/gateway/wires.ts';
import { StoreAgentSession } from '../src/runner/agent-session.ts';
import { StepGate } from '../src/runner/step-gate.ts';
import { AgentMemory } from '../test/rig/agent-memory.ts';
import { agentRow, taskRow } from '../test/rig/memory-session.ts';
import { protocolCases, type ProtocolCase } from '../test/rig/protocol-cases.ts';
import { send } from '../test/rig/raw-client.ts';
import { RawProvider } from '../test/rig/raw-provider.ts';

/*
 * What a flash save on the wire leaves of a call, as its provider counts it: all texts of the body (history, instructions,
 * tools) with the tokenizer of OpenAI's models, before the save and in the next call after it. An agent that has read this
 * repository's own files, at the default aim of 40 %.
 */
const turns = 40;
const fence = { ownerId: 'o1', epoch: 1 };
const settings = { off: false, target: 0.4, threshold: 0.8 };
const tokens = await openO200kTokens();

for (const protocol of protocolCases) {
  const { before, after, ms } = await measure(protocol);
  const less = ((1 - after / before) * 100).toFixed(1);
  console.log(
    `${protocol.protocol}: ${before} tokens in a call before a flash save, ${after} after it: ${less} % less; the save took ${ms} ms`,
  );
}

async function measure(protocol: ProtocolCase): Promise<{ before: number; after: number; ms: number }> {
  await using memory = await AgentMemory.create();
  await using provider = await RawProvider.start((_call, response) => void response.end('{}'));
  const ports = { ...memory.ports, tokens };
  const session = new StoreAgentSession(
    { ...ports, flashSave: settings },
    { agent: agentRow(), task: taskRow(), fence, gate: new StepGate() },
  );
  await using gateway = openGateway({ log: silentLog, clock: systemClock, findPriced: () => null });
  const providers = [{ protocol: protocol.protocol, baseUrl: provider.url, recorded: false }];
  const line = await gateway.open({ agent: 'ada', session, providers });
  const call = async (history: readonly Message[]): Promise<number> => {
    const { path, headers, body } = protocol.request(history);
    await send(line.baseUrl, { path, headers: Object.entries(headers).flat(), body });
    await line.idle(AbortSignal.timeout(60_000));
    return tokensOf(protocol, provider.calls.at(-1)?.body.toString() ?? '');
  };
  const history: Message[] = [{ role: 'user', text: 'Read every file and tell what is in it.' }];
  for (const [turn, file] of (await sources()).entries()) {
    const callId = `call_${turn}`;
    const said = { type: 'text', text: `Next I read ${file.path}.` } as const;
    const read = { type: 'call', callId, tool: 'read_file', input: { path: file.path } } as const;
    history.push(
      { role: 'assistant', parts: [said, read] },
      { role: 'tool', results: [{ callId, tool: 'read_file', text: file.text, isError: false }] },
    );
    if (turn % 8 === 7) await call(history);
  }
  const before = await call(history);
  const began = performance.now();
  await flashSave(ports, { agent: 'ada', settings, fence, cause: 'asked', pauseId: null });
  const ms = Math.round(performance.now() - began);
  return { before, after: await call(history), ms };
}

function tokensOf({ protocol }: ProtocolCase, body: string): number {
  const parsed = parseJson(body);
  const wire = wires[protocol];
  const parts = wire.read(parsed).flatMap((message) => message.parts);
  const said = parts.reduce((sum, { text }) => sum + tokens.count(text), 0);
  return said + tokens.count(wire.besides(parsed));
}

async function sources(): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const paths: string[] = [];
  for (const folder of ['src/context', 'src/runner', 'src/gateway'])
    for (const name of (await readdir(folder)).toSorted()) paths.push(join(folder, name));
  const code = paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts')).slice(0, turns);
  return Promise.all(code.map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
}
