import { once } from 'node:events';
import { createServer, request as requestHttp, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openGateway } from '../src/adapters/gateway-http/http-gateway.ts';
import { systemClock } from '../src/adapters/system/system-clock.ts';
import { silentLog } from '../src/log.ts';
import { StoreAgentSession } from '../src/runner/agent-session.ts';
import { StepGate } from '../src/runner/step-gate.ts';
import { AgentMemory } from '../test/rig/agent-memory.ts';
import { agentRow, taskRow } from '../test/rig/memory-session.ts';

/*
 * What the gateway adds to a call: the time to the first byte, and the throughput of 20 streams side by side, against the
 * same calls without it. Provider, gateway and client have a thread each; steps are written to a database on disk, as in
 * a run. The promise: no more than 5 ms to the first byte.
 */
const promisedMs = 5;
const restMs = 150;
const streams = 20;
const streamBytes = 8_000_000;
const event = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'some words of a reply ' } }] })}\n\n`;
const last = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 7 } })}\n\ndata: [DONE]\n\n`;

if (isMainThread) await measure();
else if (workerData.role === 'provider') await serveProvider();
else await serveGateway(workerData.provider as string);

async function measure(): Promise<void> {
  const provider = await start({ role: 'provider' });
  const gateway = await start({ role: 'gateway', provider: provider.url });
  let failed = false;
  for (const bytes of [2_000, 100_000, 1_000_000]) {
    const { direct, through } = await firstBytes(provider.url, gateway.url, bytes);
    const added = middle(through) - middle(direct);
    // On a busy machine the median tells of the others' work: the best tenth tells of the gateway's.
    const own = best(through) - best(direct);
    failed ||= own > promisedMs;
    console.log(
      `first byte, body of ${(bytes / 1000).toFixed(0)} kB: direct ${show(direct)}, through the gateway ${show(through)}: ` +
        `${added.toFixed(1)} ms more, of the best tenth ${own.toFixed(1)} ms`,
    );
  }
  for (const [name, url] of [
    ['direct', provider.url],
    ['through the gateway', gateway.url],
  ] as const) {
    const seconds = await throughput(url);
    const megabytes = (streams * streamBytes) / 1e6;
    console.log(
      `${streams} streams side by side, ${name}: ${(megabytes / seconds).toFixed(0)} MB/s, ${((megabytes * 1e6) / event.length / seconds / 1000).toFixed(0)} thousand events a second`,
    );
  }
  gateway.worker.postMessage('over');
  const [begins] = (await once(gateway.worker, 'message')) as [number[]];
  console.log(
    `of it to write the call down, synced to disk: ${show(begins)}, at best ${best(begins).toFixed(1)} ms`,
  );
  await Promise.all([provider.worker.terminate(), gateway.worker.terminate()]);
  if (failed) throw new Error(`the gateway adds more than ${promisedMs} ms to the first byte`);
}

async function start(data: object): Promise<{ readonly worker: Worker; readonly url: string }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: data });
  const [url] = (await once(worker, 'message')) as [string];
  return { worker, url };
}

async function serveProvider(): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => void reply(Number(request.headers['x-bytes'] ?? 0), response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  parentPort?.postMessage(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

async function reply(bytes: number, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const some = event.repeat(40);
  for (let sent = 0; sent < bytes; sent += some.length) {
    if (!response.write(some)) await once(response, 'drain');
  }
  response.end(event + last);
}

async function serveGateway(baseUrl: string): Promise<void> {
  const memory = await AgentMemory.create();
  const session = new StoreAgentSession(
    { ...memory.ports, flashSave: { off: true, target: 0.4, threshold: 0.8 } },
    { agent: agentRow(), task: taskRow(), fence: { ownerId: 'o1', epoch: 1 }, gate: new StepGate() },
  );
  const gateway = openGateway({ log: silentLog, clock: systemClock, findPriced: () => null });
  const providers = [{ protocol: 'openai-chat', baseUrl, recorded: false } as const];
  const line = await gateway.open({ agent: 'ada', session, providers });
  const begins: number[] = [];
  const begin = session.beginStep.bind(session);
  session.beginStep = async (wanted) => {
    const began = performance.now();
    const step = await begin(wanted);
    begins.push(performance.now() - began);
    return step;
  };
  parentPort?.on('message', () => parentPort?.postMessage(begins));
  parentPort?.postMessage(line.baseUrl);
}

interface FirstBytes {
  readonly direct: number[];
  readonly through: number[];
}

async function firstBytes(direct: string, through: string, bytes: number): Promise<FirstBytes> {
  const found: FirstBytes = { direct: [], through: [] };
  const body = bodyOf(bytes);
  for (let round = 0; round < 110; round++) {
    const one = { direct: await call(direct, body), through: await call(through, body) };
    // What a call shows of the memory is written down behind it; an agent's next call comes after its tools have run.
    await systemClock.sleep(restMs);
    if (round < 10) continue;
    found.direct.push(one.direct);
    found.through.push(one.through);
  }
  return found;
}

function bodyOf(bytes: number): string {
  const tools = [{ type: 'function', function: { name: 'run', parameters: {} } }];
  const messages = [{ role: 'user', content: 'work' }];
  for (let n = 0; n * 2_000 < bytes; n++) {
    const called = { id: `c${n}`, type: 'function', function: { name: 'run', arguments: `{"n":${n}}` } };
    const content = `result ${n} `.repeat(200).slice(0, 1_800);
    messages.push(
      { role: 'assistant', content: '', tool_calls: [called] } as never,
      { role: 'tool', tool_call_id: `c${n}`, content } as never,
    );
  }
  return JSON.stringify({ model: 'm', stream: true, messages, tools });
}

/** Milliseconds from the call to the first byte of its answer's body. */
function call(base: string, body: string, bytes = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-bytes': String(bytes),
    };
    const request = requestHttp(`${base}/v1/chat/completions`, { method: 'POST', headers }, (response) => {
      let first = 0;
      response.on('data', () => (first ||= performance.now() - began));
      response.once('end', () => resolve(first));
    });
    request.once('error', reject);
    request.end(body);
  });
}

async function throughput(base: string): Promise<number> {
  const began = performance.now();
  await Promise.all(Array.from({ length: streams }, () => call(base, bodyOf(2_000), streamBytes)));
  return (performance.now() - began) / 1000;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function best(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)] ?? 0;
}

function show(values: readonly number[]): string {
  const p95 = values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0;
  return `${middle(values).toFixed(1)} ms (95 %: ${p95.toFixed(1)})`;
}
