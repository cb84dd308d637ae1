import { describe, expect, it } from 'vitest';
import { wires as scripted } from '../../test/rig/model-server.ts';
import { protocolCases } from '../../test/rig/protocol-cases.ts';
import type { WireProtocol } from './gateway.ts';
import { ReplyReader } from './read-reply.ts';
import type { ReplyFacts } from './wire.ts';
import { wires } from './wires.ts';

const usage = { inputTokens: 900, cacheReadTokens: 500, cacheWriteTokens: 0, outputTokens: 70 };
const turn = {
  text: 'I look.',
  calls: [
    { tool: 'read_file', input: { path: 'a' } },
    { tool: 'run', input: {} },
  ],
  usage,
};

function read(protocol: WireProtocol, isStream: boolean, text: string): ReplyFacts {
  const reader = new ReplyReader(wires[protocol], isStream);
  for (const piece of text.match(/[\s\S]{1,7}/g) ?? []) reader.push(piece);
  return reader.end();
}

describe.each(protocolCases)('a reply in $protocol', ({ protocol, wireName }) => {
  const wire = scripted.find(({ name }) => name === wireName)!;

  it('tells what it used, what it calls, and that it came to its end', () => {
    const events = wire.write(turn, 1);
    expect(read(protocol, true, events.join(''))).toEqual({
      usage,
      tools: ['read_file', 'run'],
      isEnded: true,
      problem: null,
    });
    expect(read(protocol, true, events.slice(0, 2).join('')).isEnded).toBe(false);
  });

  it('tells what the provider reports, in a stream and instead of one', () => {
    const own = wires[protocol];
    expect(read(protocol, true, own.errorEvent(529, 'overloaded')).problem).toBe('overloaded');
    expect(read(protocol, false, JSON.stringify(own.error(400, 'too long'))).problem).toBe('too long');
  });

  it('is told by what it is, whatever its head says', () => {
    const events = wire.write(turn, 1);
    expect(read(protocol, false, events.join(''))).toMatchObject({ usage, isEnded: true });
    expect(read(protocol, false, `: a comment\n\n${events.join('')}`)).toMatchObject({
      usage,
      isEnded: true,
    });
    const refused = JSON.stringify(wires[protocol].error(400, 'too long'));
    expect(read(protocol, true, refused).problem).toBe('too long');
    expect(read(protocol, true, ' [').problem).toContain('not JSON');
  });

  it('is broken where it is no JSON, and no-ops say nothing', () => {
    expect(read(protocol, true, 'data: {"half":\n\n').problem).toContain('not JSON');
    expect(read(protocol, false, '<html>').problem).toContain('not JSON');
    const noOp = wires[protocol].noOp('m');
    expect(read(protocol, true, noOp + noOp)).toEqual({
      usage: null,
      tools: [],
      isEnded: false,
      problem: null,
    });
  });
});

describe('a reply that is no stream', () => {
  it.each([
    [
      'anthropic-messages',
      {
        type: 'message',
        content: [{ type: 'tool_use', name: 'run' }],
        usage: {
          input_tokens: 5,
          cache_read_input_tokens: 3,
          cache_creation_input_tokens: 2,
          output_tokens: 4,
        },
      },
      { inputTokens: 10, cacheReadTokens: 3, cacheWriteTokens: 2, outputTokens: 4 },
    ],
    [
      'anthropic-messages',
      {
        type: 'message',
        content: [{ type: 'tool_use', name: 'run' }],
        usage: {
          input_tokens: 5,
          cache_read_input_tokens: 0,
          cache_creation_input_tokens: 7,
          cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 6 },
          output_tokens: 4,
        },
      },
      {
        inputTokens: 12,
        cacheReadTokens: 0,
        cacheWriteTokens: 7,
        cacheWriteHourTokens: 6,
        outputTokens: 4,
      },
    ],
    [
      'openai-chat',
      {
        choices: [{ message: { tool_calls: [{ function: { name: 'run' } }] }, finish_reason: 'tool_calls' }],
        usage: { prompt_tokens: 10, completion_tokens: 4 },
      },
      { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 4 },
    ],
    [
      'openai-responses',
      {
        object: 'response',
        output: [{ type: 'function_call', call_id: 'c', name: 'run' }],
        usage: { input_tokens: 10, output_tokens: 4 },
      },
      { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 4 },
    ],
    [
      'gemini',
      [
        {
          candidates: [{ content: { parts: [{ functionCall: { name: 'run' } }] }, finishReason: 'STOP' }],
          usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 3, thoughtsTokenCount: 1 },
        },
      ],
      { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 4 },
    ],
  ] as const)('of %s is read', (protocol, body, used) => {
    expect(read(protocol, false, JSON.stringify(body))).toEqual({
      usage: used,
      tools: ['run'],
      isEnded: true,
      problem: null,
    });
  });
});
