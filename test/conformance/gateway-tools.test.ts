import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it } from 'vitest';
import { binPath } from '../rig/cli.ts';
import { openScene, type GatewayScene } from '../rig/gateway.ts';
import { itemRow } from '../rig/memory-session.ts';

const provider = { protocol: 'anthropic-messages', baseUrl: 'http://127.0.0.1:9' } as const;

const ways = [
  { way: 'HTTP', connect: (url: string) => new StreamableHTTPClientTransport(new URL(url)) },
  {
    way: 'codeframe mcp',
    connect: (url: string) =>
      new StdioClientTransport({ command: process.execPath, args: [binPath, 'mcp', '--url', url] }),
  },
];

async function withClient(
  scene: GatewayScene,
  connect: (typeof ways)[number]['connect'],
  work: (call: (name: string, input: object) => Promise<string>, client: Client) => Promise<void>,
): Promise<void> {
  const client = new Client({ name: 'tester', version: '1' });
  await client.connect(connect(scene.line.mcpUrl));
  const call = async (name: string, input: object): Promise<string> => {
    const result = await client.callTool({ name, arguments: input as Record<string, unknown> });
    return (result.content as { text: string }[]).map(({ text }) => text).join('');
  };
  try {
    await work(call, client);
  } finally {
    await client.close();
  }
}

describe.each(ways)("an agent's tools over $way", ({ connect }) => {
  it('are those five, and say what they are for', async () => {
    await using scene = await openScene(provider, { checkpoint: () => Promise.resolve('c1') });
    await withClient(scene, connect, async (_call, client) => {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual([
        'ask_human',
        'checkpoint',
        'recall',
        'remember',
        'task_done',
      ]);
      expect(tools.every(({ description }) => (description ?? '').length > 20)).toBe(true);
    });
  });

  it('recall what was archived, write down, make checkpoints, ask, and tell the end', async () => {
    const asked: object[] = [];
    await using scene = await openScene(provider, {
      checkpoint: async (wanted) => {
        asked.push(wanted);
        return 'c7';
      },
    });
    const long = `a line of it\n`.repeat(10_000);
    scene.rows.items.push({
      ...itemRow({ kind: 'result', text: long }, { seq: 1, stepId: null, taskId: 1 }),
      promptText: '[archived i1]',
    });
    await withClient(scene, connect, async (call) => {
      const answers = [
        await call('recall', { id: 'i1' }),
        await call('recall', { id: 'i1', part: 2 }),
        await call('recall', { id: 'i1', part: 3 }),
        await call('recall', { id: 'i1', part: 4 }),
      ];
      const parts = answers.map((part) => part.replace(/^\[part \d of 4\]\n/, ''));
      expect(parts.join('')).toBe(long);
      expect(await call('recall', { id: 'nothing' })).toContain('Nothing archived has the id nothing');
      expect(await call('remember', { text: 'The tests need a clock.' })).toBe('Written down.');
      expect(await call('recall', { words: 'clock' })).toContain('The tests need a clock.');
      expect(await call('checkpoint', { name: 'before' })).toContain('c7');
      expect(asked).toEqual([{ agent: 'ada', name: 'before' }]);
      expect(await call('ask_human', { question: 'Which port?' })).toContain('End your turn now');
      expect(scene.line.asked).toBe('b1');
      scene.session.answer('b1', '8080');
      expect(await call('ask_human', { question: 'Which port?' })).toContain('8080');
      expect(scene.line.asked).toBeNull();
      expect(scene.line.done).toBeNull();
      await call('task_done', { summary: 'All of it.' });
      expect(scene.line.done).toEqual({ summary: 'All of it.' });
    });
  });
});
