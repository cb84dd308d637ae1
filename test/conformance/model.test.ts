import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { createOpenModel } from '../../src/adapters/model-ai-sdk/open-model.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { ModelServer, wires } from '../rig/model-server.ts';
import type { ScriptTurn, Wire } from '../rig/model-server.ts';
import type { ModelMaker, Opened } from './model.ts';
import { modelConformance } from './model.ts';

const env = { ANTHROPIC_API_KEY: 'key', OPENAI_API_KEY: 'key', GEMINI_API_KEY: 'key' };

function overHttp(wire: Wire): ModelMaker {
  return {
    name: wire.name,
    async create(script) {
      const server = await ModelServer.start(script);
      const openModel = createOpenModel({ env, clock: systemClock });
      const name = `${wire.name}:scripted`;
      const model = await openModel({
        agent: 'ada',
        model: name,
        baseUrl: server.url(wire),
        projectDir: '/',
      });
      return {
        model,
        async stall(call) {
          server.misbehave = () => ({ kind: 'hangs', after: 'some' });
          const arrived = server.nextRequest();
          void call().catch(() => undefined);
          await arrived;
        },
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  };
}

const recorded: ModelMaker = {
  name: 'recorded',
  async create(script) {
    const dir = await mkdtemp(join(tmpdir(), 'codeframe-recorded-'));
    const write = (turns: readonly object[]): Promise<void> =>
      writeFile(join(dir, 'turns.ndjson'), turns.map((turn) => JSON.stringify(turn)).join('\n'));
    await write(script);
    const openModel = createOpenModel({ env: {}, clock: systemClock });
    const open = () => openModel({ agent: 'ada', model: 'recorded:turns.ndjson', projectDir: dir });
    const slow = await slowOne(script, write, open);
    await write(script);
    const model = await open();
    const opened: Opened = {
      // A stalled call is one of a recording that waits.
      model: {
        ...model,
        label: model.label,
        recorded: true,
        windowTokens: null,
        generate: (request) => (stalls ? slow : model).generate(request),
      },
      async stall(call) {
        stalls = true;
        void call().catch(() => undefined);
        await new Promise((resolve) => setImmediate(resolve));
      },
      [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
    };
    let stalls = false;
    return opened;
  },
};

async function slowOne<T>(
  script: readonly ScriptTurn[],
  write: (turns: readonly object[]) => Promise<void>,
  open: () => Promise<T>,
): Promise<T> {
  await write(script.map((turn) => ({ ...turn, delayMs: 600_000 })));
  return open();
}

for (const maker of [...wires.map(overHttp), recorded])
  describe(`the model ${maker.name}`, () => modelConformance(maker));
