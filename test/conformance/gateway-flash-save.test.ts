import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGateway } from '../../src/adapters/gateway-http/http-gateway.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { Message } from '../../src/agent/model.ts';
import type { AgentSession } from '../../src/agent/session.ts';
import { flashSave } from '../../src/context/flash-save.ts';
import type { Gateway, GatewayLine } from '../../src/gateway/gateway.ts';
import { silentLog } from '../../src/log.ts';
import { StoreAgentSession } from '../../src/runner/agent-session.ts';
import { StepGate } from '../../src/runner/step-gate.ts';
import { AgentMemory } from '../rig/agent-memory.ts';
import { agentRow, taskRow } from '../rig/memory-session.ts';
import { ModelServer, wires, type Wire } from '../rig/model-server.ts';
import { protocolCases, type ProtocolCase } from '../rig/protocol-cases.ts';

const fence = { ownerId: 'o1', epoch: 1 };
const settings = { off: false, target: 0.4, threshold: 0.8 };
const turns = 13;
const script = Array.from({ length: turns }, () => ({ text: 'go on' }));

/** An agent of others: its memory is what it sends, and codeframe has a store and a gateway. */
class WireAgent implements AsyncDisposable {
  readonly history: Message[] = [{ role: 'user', text: 'Read every file and tell what is in it.' }];
  readonly session: AgentSession;
  readonly memory: AgentMemory;
  readonly provider: ModelServer;
  readonly #case: ProtocolCase;
  readonly #wire: Wire;
  readonly #files: readonly string[];
  #gateway: Gateway | undefined;
  #line: GatewayLine | undefined;

  constructor(parts: {
    memory: AgentMemory;
    provider: ModelServer;
    protocol: ProtocolCase;
    files: readonly string[];
  }) {
    this.memory = parts.memory;
    this.provider = parts.provider;
    this.#case = parts.protocol;
    this.#wire = wires.find(({ name }) => name === parts.protocol.wireName)!;
    this.#files = parts.files;
    this.session = new StoreAgentSession(
      { ...this.memory.ports, flashSave: settings },
      { agent: agentRow(), task: taskRow(), fence, gate: new StepGate() },
    );
  }

  async open(windowTokens?: number): Promise<void> {
    await this.#gateway?.[Symbol.asyncDispose]();
    const priced = { windowTokens: windowTokens ?? 0, costOf: () => 0 };
    const findPriced = () => (windowTokens === undefined ? null : priced);
    this.#gateway = openGateway({ log: silentLog, clock: systemClock, findPriced, noOpMs: 20 });
    const baseUrl = this.provider.url(this.#wire).slice(0, -this.#wire.base.length);
    const provider = { protocol: this.#case.protocol, baseUrl, recorded: false };
    this.#line = await this.#gateway.open({ agent: 'ada', session: this.session, providers: [provider] });
  }

  get line(): GatewayLine {
    return this.#line!;
  }

  /** Sends the history as it is; answers the body that the provider got. */
  async call(): Promise<string> {
    const { path, headers, body } = this.#case.request(this.history);
    const answer = await fetch(this.line.baseUrl + path, { method: 'POST', headers, body });
    await answer.text();
    await this.line.idle(AbortSignal.timeout(10_000));
    expect([this.provider.refused, answer.status]).toEqual([[], 200]);
    return JSON.stringify(this.provider.received.at(-1)?.body);
  }

  /** What the body would be without codeframe. */
  plain(): string {
    return this.#case.request(this.history).body;
  }

  /** The model asked for a file, and the agent read it. */
  read(turn: number): void {
    const callId = `call_${turn}`;
    const content = this.#files[turn] ?? '';
    const input = { path: `src/file-${turn}.ts`, note: content.slice(0, 1_500) };
    this.history.push(
      {
        role: 'assistant',
        parts: [
          { type: 'text', text: `I read file ${turn}.` },
          { type: 'call', callId, tool: 'read_file', input },
        ],
      },
      { role: 'tool', results: [{ callId, tool: 'read_file', text: content, isError: false }] },
    );
  }

  async save(): Promise<void> {
    const request = { agent: 'ada', settings, fence, cause: 'pause', pauseId: null } as const;
    await flashSave(this.memory.ports, request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.[Symbol.asyncDispose]();
    await this.provider[Symbol.asyncDispose]();
    await this.memory[Symbol.asyncDispose]();
  }
}

async function startAgent(protocol: ProtocolCase): Promise<WireAgent> {
  const dir = join(import.meta.dirname, '../../src/context');
  const names = (await readdir(dir)).filter((name) => name.endsWith('.ts')).slice(0, turns);
  const files = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
  const [memory, provider] = [await AgentMemory.create(), await ModelServer.start(script)];
  const agent = new WireAgent({ memory, provider, protocol, files });
  await agent.open();
  return agent;
}

/** The history of a body up to where the next one may go on, and all the rest. */
function prefixOf(body: string, { protocol }: ProtocolCase): { history: string; besides: string } {
  const key = { 'openai-responses': 'input', gemini: 'contents' }[protocol as string] ?? 'messages';
  const { [key]: history, ...rest } = JSON.parse(body) as Record<string, unknown>;
  return { history: JSON.stringify(history).slice(0, -1), besides: JSON.stringify(rest) };
}

describe.each(protocolCases)('flash save on the wire of $protocol', (protocol) => {
  it('replaces what was archived in every further call, always alike, and nothing else', async () => {
    await using agent = await startAgent(protocol);
    for (let turn = 0; turn < 8; turn += 1) {
      expect(await agent.call()).toBe(agent.plain());
      agent.read(turn);
    }
    agent.line.hold();
    const waiting = agent.call();
    await expect.poll(() => agent.line.held()).toBe(1);
    await expect.poll(async () => (await agent.session.items()).length).toBeGreaterThan(24);
    await agent.save();
    agent.line.release();
    const bodies = [await waiting];
    const [saved] = await agent.memory.store.read((tx) =>
      tx.list('events', { where: { type: 'flash-save-done' } }),
    );
    const { tokensBefore, tokensAfter } = saved!.data as { tokensBefore: number; tokensAfter: number };
    expect(tokensAfter / tokensBefore).toBeLessThan(0.65);
    expect(bodies[0]!.length).toBeLessThan(agent.plain().length * 0.7);
    expect(bodies[0]).toContain('[archived ');
    for (let turn = 8; turn < 12; turn += 1) {
      agent.read(turn);
      bodies.push(await agent.call());
    }
    const histories = agent.provider.received.slice(-bodies.length).map(({ history }) => history);
    for (const [at, history] of histories.slice(1).entries())
      expect(history.slice(0, histories[at]!.length)).toEqual(histories[at]);
    // What a provider caches is the bytes: of one call they begin the next.
    const sent = bodies.map((body) => prefixOf(body, protocol));
    for (const [at, next] of sent.slice(1).entries()) {
      expect(next.history.startsWith(sent[at]!.history)).toBe(true);
      expect(next.besides).toBe(sent[at]!.besides);
    }
    const archives = await agent.memory.store.read((tx) => tx.list('archives'));
    const items = await agent.session.items();
    const out = archives.filter(({ stub }) => stub !== null);
    expect(out.length).toBeGreaterThan(5);
    for (const { id, itemId, from, to } of out) {
      const [recalled] = await agent.session.recall({ id, budget: 1_000_000, told: true });
      expect(recalled?.text).toBe(items.find((item) => item.id === itemId)?.text.slice(from, to));
      expect(bodies.at(-1)).toContain(`[archived ${id}`);
    }
    expect(await agent.call()).toBe(bodies.at(-1));
    await agent.open();
    expect(await agent.call()).toBe(bodies.at(-1));
    const rows = (await agent.session.items()).filter(({ kind }) => kind === 'result');
    expect(rows).toHaveLength(12);
    expect(rows[3]).toMatchObject({ tool: 'read_file', path: 'src/file-3.ts', callId: expect.any(String) });
  });
});

it('makes room when the prompt comes near the window, between two calls', async () => {
  await using agent = await startAgent(protocolCases[0]!);
  await agent.open(100);
  for (let turn = 0; turn < 10; turn += 1) {
    await agent.call();
    agent.read(turn);
  }
  const body = await agent.call();
  expect(body).toContain('[archived ');
  const events = await agent.memory.store.read((tx) =>
    tx.list('events', { where: { type: 'flash-save-done' } }),
  );
  expect(events[0]?.data).toMatchObject({ cause: 'window' });
});

it('makes room in what the agent still shows after it shortened its history by itself, and learns from it', async () => {
  await using agent = await startAgent(protocolCases[0]!);
  for (let turn = 0; turn < 6; turn += 1) {
    await agent.call();
    agent.read(turn);
  }
  await agent.call();
  const left = new Set((await agent.session.items()).map(({ id }) => id));
  const callsOf = async (): Promise<number> =>
    (await agent.memory.store.read((tx) => tx.list('model_factors')))[0]?.calls ?? 0;
  const learned = await callsOf();
  agent.history.splice(0, agent.history.length, { role: 'user', text: 'So far: six files were read.' });
  await agent.open(100);
  for (let turn = 6; turn < 10; turn += 1) {
    await agent.call();
    agent.read(turn);
  }
  expect(await agent.call()).toContain('[archived ');
  expect(await callsOf()).toBeGreaterThan(learned);
  const archives = await agent.memory.store.read((tx) => tx.list('archives'));
  expect(archives.filter(({ itemId }) => left.has(itemId))).toEqual([]);
  const told = (await agent.session.items()).filter(({ text }) => text.startsWith('[codeframe]'));
  expect(told).toEqual([]);
});
