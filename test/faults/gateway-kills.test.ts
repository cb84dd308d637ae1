import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { expect, test } from 'vitest';
import type { Message } from '../../src/agent/model.ts';
import { AgentMemory } from '../rig/agent-memory.ts';
import { bundleFixture } from '../rig/bundle.ts';
import { ModelServer, wires, type Misbehaviour } from '../rig/model-server.ts';
import { protocolCases, type ProtocolCase } from '../rig/protocol-cases.ts';
import { begin, readAll, type RawAnswer } from '../rig/raw-client.ts';

const turns = 8;
const script = Array.from({ length: turns + 1 }, (_, n) => ({ text: `reply ${n}` }));

/** A gateway in a process of its own. */
class GatewayProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly url: string;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, url: string) {
    this.#child = child;
    this.#lines = lines;
    this.url = url;
  }

  static async start(dir: string, protocol: string, provider: string): Promise<GatewayProcess> {
    const program = await bundleFixture(new URL('./gateway-program.ts', import.meta.url));
    const child = spawn(process.execPath, [program, dir, protocol, provider], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const reader: Interface = createInterface({ input: child.stdout });
    const lines = reader[Symbol.asyncIterator]();
    const { value } = (await lines.next()) as { readonly value: string };
    return new GatewayProcess(child, lines, value);
  }

  async hold(): Promise<void> {
    this.#child.stdin?.write('hold\n');
    await this.#lines.next();
  }

  async kill(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  /** As its owner would end it. */
  async end(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin?.end();
    expect((await closed)[0]).toBe(0);
  }
}

/** What is under way when the gateway is killed, by the turn of the agent. */
const kills: Readonly<Record<number, Kill>> = { 2: 'sent', 4: 'streaming', 6: 'held' };

type Kill = 'held' | 'sent' | 'streaming';

test.each(protocolCases)(
  'an agent works on in $protocol while its gateway is killed and started again and again',
  async (protocol) => {
    await using memory = await AgentMemory.create();
    await memory.store.close();
    await using provider = await ModelServer.start(script);
    const wire = wires.find(({ name }) => name === protocol.wireName)!;
    const direct = provider.url(wire).slice(0, -wire.base.length);
    const open = () => GatewayProcess.start(memory.dir, protocol.protocol, direct);
    let gateway = await open();
    const { url } = gateway;
    const history: Message[] = [{ role: 'user', text: 'Count to eight.' }];
    for (let turn = 0; turn < turns; turn += 1) {
      const kill = kills[turn];
      if (kill !== undefined) {
        await callAndKill({ gateway, provider, protocol, history }, kill);
        gateway = await open();
        expect(gateway.url).toBe(url);
      }
      const answer = await call(gateway.url, protocol, history);
      expect([answer.status, answer.complete]).toEqual([200, true]);
      count(history, turn);
    }
    await gateway.end();
    expect(provider.refused).toEqual([]);
    const after = await AgentMemory.open(memory.dir);
    const items = (await after.items()).filter(({ kind }) => kind !== 'task');
    // The last turn is known to the agent alone: no call has shown it.
    expect(items.map(({ kind }) => kind)).toEqual([
      'user',
      ...Array.from({ length: turns - 1 }, () => ['message', 'call', 'result']).flat(),
    ]);
    const steps = await after.store.read((tx) => tx.list('steps'));
    // No call reached the provider without its step; the end of one may be lost with each kill.
    expect(steps.length).toBeGreaterThanOrEqual(provider.requests);
    const completed = steps.filter(({ status }) => status === 'completed').length;
    expect(completed).toBeGreaterThanOrEqual(turns - Object.keys(kills).length);
    const costs = await after.store.read((tx) => tx.list('costs'));
    await after.store.close();
    expect(costs.length).toBeLessThanOrEqual(provider.requests);
  },
);

interface Scene {
  readonly gateway: GatewayProcess;
  readonly provider: ModelServer;
  readonly protocol: ProtocolCase;
  readonly history: readonly Message[];
}

async function callAndKill(scene: Scene, kill: Kill): Promise<void> {
  const { gateway, provider, protocol, history } = scene;
  const fault: Misbehaviour = { kind: 'hangs', after: kill === 'streaming' ? 'some' : 'nothing' };
  if (kill === 'held') await gateway.hold();
  const before = provider.requests;
  provider.misbehave = () => fault;
  const arrived = provider.nextRequest();
  const { head } = begin(gateway.url, sentBy(protocol, history));
  const broken = head.then(readAll).catch(() => null);
  if (kill === 'sent') await arrived;
  else await once(await head, 'data');
  await gateway.kill();
  expect((await broken)?.complete ?? false).toBe(false);
  expect(provider.requests - before).toBe(kill === 'held' ? 0 : 1);
  provider.misbehave = () => null;
}

function sentBy(protocol: ProtocolCase, history: readonly Message[]) {
  const { path, headers, body } = protocol.request(history);
  return { path, headers: Object.entries(headers).flat(), body };
}

async function call(url: string, protocol: ProtocolCase, history: readonly Message[]): Promise<RawAnswer> {
  return readAll(await begin(url, sentBy(protocol, history)).head);
}

/** The agent does what it was told, and remembers it. */
function count(history: Message[], turn: number): void {
  const callId = `call_${turn}`;
  history.push(
    {
      role: 'assistant',
      parts: [
        { type: 'text', text: `I count ${turn}.` },
        { type: 'call', callId, tool: 'read_file', input: { path: `${turn}.txt` } },
      ],
    },
    { role: 'tool', results: [{ callId, tool: 'read_file', text: `the number ${turn}`, isError: false }] },
  );
}
