import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CodeframeError } from '../../failure.ts';
import type { ProviderModel, ProviderPrompt, ProviderStreamPart } from './provider-model.ts';

const turnSchema = z.strictObject({
  text: z.string().optional(),
  calls: z.array(z.strictObject({ tool: z.string(), input: z.record(z.string(), z.unknown()) })).optional(),
  delayMs: z.number().int().min(0).max(600_000).optional(),
  usage: z
    .strictObject({
      inputTokens: z.number().int().min(0),
      outputTokens: z.number().int().min(0),
      cacheReadTokens: z.number().int().min(0).optional(),
      cacheWriteTokens: z.number().int().min(0).optional(),
    })
    .optional(),
});

type Turn = z.infer<typeof turnSchema>;

/**
 * A model whose replies stand in a file, one JSON object a line. Which one comes next is decided from the history
 * alone, by the number of replies in it, so that it goes on rightly after a crash or a restore.
 */
export async function openRecording(file: string, projectDir: string): Promise<ProviderModel> {
  const path = resolve(projectDir, file);
  const turns = parseTurns(path, await readRecording(path, file));
  return {
    specificationVersion: 'v3',
    provider: 'recorded',
    modelId: file,
    supportedUrls: {},
    doGenerate() {
      return Promise.reject(new Error('a recording is only streamed'));
    },
    async doStream({ prompt, abortSignal }) {
      const index = repliesIn(prompt);
      const turn = turns[index];
      if (!turn) throw noMoreTurns(file, turns.length);
      await sleep(turn.delayMs ?? 0, undefined, abortSignal ? { signal: abortSignal } : {});
      return { stream: streamOf(partsOf(turn, index)) };
    },
  };
}

async function readRecording(path: string, file: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const problem = `the file ${path} cannot be read`;
    throw new CodeframeError({ code: 'unknown-model', model: `recorded:${file}`, problem }, { cause });
  }
}

function parseTurns(path: string, text: string): readonly Turn[] {
  const turns: Turn[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line !== '' && !line.startsWith('#')) turns.push(parseTurn(line, { path, line: index + 1 }));
  });
  return turns;
}

function parseTurn(text: string, place: { readonly path: string; readonly line: number }): Turn {
  const turn = turnSchema.safeParse(parseJson(text, place));
  if (turn.success) return turn.data;
  const [issue] = turn.error.issues;
  const problem = issue ? `${issue.path.join('.')}: ${issue.message}`.replace(/^: /, '') : 'not a turn';
  throw new CodeframeError({ code: 'corrupt-recording', ...place, problem });
}

function parseJson(text: string, place: { readonly path: string; readonly line: number }): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodeframeError({ code: 'corrupt-recording', ...place, problem: 'not JSON' }, { cause });
  }
}

function repliesIn(prompt: ProviderPrompt): number {
  return prompt.filter((message) => message.role === 'assistant').length;
}

function noMoreTurns(file: string, turns: number): CodeframeError {
  return new CodeframeError({
    code: 'model-refused',
    provider: `recorded model (${file})`,
    httpStatus: null,
    problem: `the recording has no more turns (it has ${turns})`,
    retryable: false,
  });
}

function partsOf(turn: Turn, index: number): readonly ProviderStreamPart[] {
  const text = turn.text ?? '';
  const calls = turn.calls ?? [];
  const usage = turn.usage ?? { inputTokens: 0, outputTokens: 0 };
  const { cacheReadTokens = 0, cacheWriteTokens = 0 } = usage;
  return [
    ...(text === ''
      ? []
      : [
          { type: 'text-start' as const, id: 't' },
          { type: 'text-delta' as const, id: 't', delta: text },
          { type: 'text-end' as const, id: 't' },
        ]),
    ...calls.map((call, n) => ({
      type: 'tool-call' as const,
      toolCallId: `rec-${index + 1}-${n + 1}`,
      toolName: call.tool,
      input: JSON.stringify(call.input),
    })),
    {
      type: 'finish',
      finishReason: { unified: calls.length > 0 ? 'tool-calls' : 'stop', raw: 'recorded' },
      usage: {
        inputTokens: {
          total: usage.inputTokens,
          noCache: usage.inputTokens - cacheReadTokens - cacheWriteTokens,
          cacheRead: cacheReadTokens,
          cacheWrite: cacheWriteTokens,
        },
        outputTokens: { total: usage.outputTokens, text: usage.outputTokens, reasoning: 0 },
      },
    },
  ];
}

function streamOf(parts: readonly ProviderStreamPart[]): ReadableStream<ProviderStreamPart> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}
