import { expect, it } from 'vitest';
import type { AssistantPart, Message, Model, ModelReply, ModelRequest } from '../../src/agent/model.ts';
import type { ScriptTurn } from '../rig/wire/wire.ts';

export interface ModelMaker {
  readonly name: string;
  /** A model that answers with these turns, decided from the history alone. */
  create(script: readonly ScriptTurn[]): Promise<Opened>;
}

export interface Opened extends AsyncDisposable {
  readonly model: Model;
  /** Makes the call in flight wait for ever, and resolves when it has begun. */
  stall(call: () => Promise<unknown>): Promise<void>;
}

const tools: ModelRequest['tools'] = [
  {
    name: 'read_file',
    description: 'Read a file.',
    inputSchema: {
      type: 'object',
      properties: { path: { type: 'string' } },
      required: ['path'],
      additionalProperties: false,
    },
  },
];

const start: Message = { role: 'user', text: 'Do it.' };

export function generate(
  model: Model,
  messages: readonly Message[],
  signal?: AbortSignal,
): Promise<ModelReply> {
  const own = signal ?? new AbortController().signal;
  return model.generate({ instructions: 'You are ada.', messages, tools, signal: own });
}

/** A reply and the results of its calls, as they go into the next history. */
export function historyAfter(before: readonly Message[], reply: ModelReply): readonly Message[] {
  const calls = reply.parts.filter((part) => part.type === 'call');
  // Through JSON, as the store keeps it.
  const parts = JSON.parse(JSON.stringify(reply.parts)) as readonly AssistantPart[];
  const said: Message = { role: 'assistant', parts };
  if (calls.length === 0) return [...before, said, { role: 'user', text: 'Go on.' }];
  const results = calls.map(({ callId, tool }) => ({ callId, tool, text: `of ${tool}`, isError: false }));
  return [...before, said, { role: 'tool', results }];
}

/** What every model adapter promises (see `Model`). */
export function modelConformance(maker: ModelMaker): void {
  const usage = { inputTokens: 100, cacheReadTokens: 40, cacheWriteTokens: 0, outputTokens: 7 };
  const call = { tool: 'read_file', input: { path: 'a.txt' } };

  it('gives the text of a reply', async () => {
    await using opened = await maker.create([{ text: 'Hello, all.' }]);
    const reply = await generate(opened.model, [start]);
    expect(reply.parts).toMatchObject([{ type: 'text', text: 'Hello, all.' }]);
    expect(reply.finish).toBe('stop');
  });

  it('gives text and calls in their order, with different ids', async () => {
    await using opened = await maker.create([
      { text: 'I look.', calls: [call, { ...call, input: { path: 'b' } }] },
    ]);
    const reply = await generate(opened.model, [start]);
    expect(reply.parts).toMatchObject([
      { type: 'text', text: 'I look.' },
      { type: 'call', tool: 'read_file', input: { path: 'a.txt' } },
      { type: 'call', tool: 'read_file', input: { path: 'b' } },
    ]);
    expect(reply.finish).toBe('calls');
    const ids = reply.parts.map((part) => (part.type === 'call' ? part.callId : ''));
    expect(ids[1]).not.toBe(ids[2]);
  });

  it('gives the provider’s own count of tokens', async () => {
    await using opened = await maker.create([{ text: 'Hello.', usage }]);
    expect((await generate(opened.model, [start])).usage).toEqual(usage);
  });

  it('takes its replies and their results back as a history', async () => {
    await using opened = await maker.create([
      { text: 'One.', calls: [call, call] },
      { calls: [call] },
      { text: 'Nearly.' },
      { text: 'Done.' },
    ]);
    let history: readonly Message[] = [start];
    for (let turn = 1; turn < 4; turn++)
      history = historyAfter(history, await generate(opened.model, history));
    expect((await generate(opened.model, history)).parts).toMatchObject([{ type: 'text', text: 'Done.' }]);
  });

  it('answers the same history with the same turn, so that a call after a crash is the same call', async () => {
    await using opened = await maker.create([{ text: 'One.' }, { text: 'Two.' }]);
    const first = await generate(opened.model, [start]);
    await generate(opened.model, historyAfter([start], first));
    expect((await generate(opened.model, [start])).parts).toMatchObject([{ text: 'One.' }]);
  });

  it('rejects with the signal’s reason when it is aborted before and during a call', async () => {
    await using opened = await maker.create([{ text: 'One.' }]);
    const before = AbortSignal.abort(new Error('too late'));
    await expect(generate(opened.model, [start], before)).rejects.toThrow('too late');
    const during = new AbortController();
    let calling: Promise<unknown> = Promise.resolve();
    await opened.stall(() => (calling = generate(opened.model, [start], during.signal)));
    during.abort(new Error('the grace is over'));
    await expect(calling).rejects.toThrow('the grace is over');
  });
}
