import {
  assert,
  array,
  boolean,
  constantFrom,
  property,
  record,
  shuffledSubarray,
  string,
  integer,
  tuple,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContextItemRow, NewItem } from '../context/item.ts';
import { legalProblem } from '../../test/rig/legal.ts';
import { itemRow } from '../../test/rig/memory-session.ts';
import { buildMessages, INTERRUPTED, openCalls } from './transcript.ts';

/** Rows of items, each with the step that it belongs to. */
function memory(...items: readonly (NewItem & { readonly stepId?: string; readonly promptText?: string })[]) {
  return items.map((item, index): ContextItemRow => {
    const row = itemRow(item, { seq: index + 1, stepId: item.stepId ?? null, taskId: 1 });
    return { ...row, promptText: item.promptText ?? null };
  });
}

const task = { kind: 'task', text: 'Task 1: do it' } as const;
const call = (callId: string, stepId: string, input: unknown = {}) =>
  ({ kind: 'call', text: JSON.stringify(input), tool: 'read_file', callId, input, stepId }) as const;
const result = (callId: string, text = 'ok') =>
  ({ kind: 'result', text, tool: 'read_file', callId }) as const;

describe('messages from a memory', () => {
  it('puts what one step said into one message, and its results after it in the order of the calls', () => {
    const items = memory(
      task,
      { kind: 'reasoning', text: 'hm', meta: { anthropic: { signature: 's' } }, stepId: 's1' },
      { kind: 'message', text: 'I look.', stepId: 's1' },
      call('a', 's1', { path: 'x' }),
      call('b', 's1'),
      result('b', 'second'),
      result('a', 'first'),
    );
    expect(buildMessages(items)).toEqual([
      { role: 'user', text: 'Task 1: do it' },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'hm', meta: { anthropic: { signature: 's' } } },
          { type: 'text', text: 'I look.' },
          { type: 'call', callId: 'a', tool: 'read_file', input: { path: 'x' } },
          { type: 'call', callId: 'b', tool: 'read_file', input: {} },
        ],
      },
      {
        role: 'tool',
        results: [
          { callId: 'a', tool: 'read_file', text: 'first', isError: false },
          { callId: 'b', tool: 'read_file', text: 'second', isError: false },
        ],
      },
    ]);
  });

  it('answers a call without a result as interrupted', () => {
    const [, , answer] = buildMessages(memory(task, call('a', 's1')));
    expect(answer).toEqual({
      role: 'tool',
      results: [{ callId: 'a', tool: 'read_file', text: INTERRUPTED, isError: true }],
    });
  });

  it('keeps the first result and ignores a late one', () => {
    const [, , answer] = buildMessages(
      memory(task, call('a', 's1'), result('a', 'first'), result('a', 'late')),
    );
    expect(answer).toMatchObject({ results: [{ text: 'first' }] });
  });

  it('drops a result whose call is not there, or only comes after it', () => {
    expect(buildMessages(memory(task, result('a')))).toEqual([{ role: 'user', text: 'Task 1: do it' }]);
    const [, , answer] = buildMessages(memory(task, result('a'), call('a', 's1')));
    expect(answer).toMatchObject({ results: [{ text: INTERRUPTED }] });
  });

  it('moves a note that stands between a call and its result behind the result', () => {
    const items = memory(task, call('a', 's1'), { kind: 'user', text: 'note' }, result('a', 'late'));
    expect(buildMessages(items).map((message) => message.role)).toEqual([
      'user',
      'assistant',
      'tool',
      'user',
    ]);
  });

  it('shows what is left of an archived item', () => {
    const items = memory(
      task,
      { kind: 'message', text: 'long', promptText: '[a1]', stepId: 's1' },
      { kind: 'reasoning', text: 'signed', promptText: '[a2]', stepId: 's1' },
      { ...call('a', 's1', { path: 'x', content: 'long' }), promptText: '{"path":"x","content":"[a3]"}' },
      { ...call('b', 's1'), promptText: '{"pa [a4]' },
      { ...result('a'), promptText: '' },
    );
    expect(buildMessages(items).slice(1)).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'text', text: '[a1]' },
          { type: 'call', callId: 'a', tool: 'read_file', input: { path: 'x', content: '[a3]' } },
          { type: 'call', callId: 'b', tool: 'read_file', input: { archived: '{"pa [a4]' } },
        ],
      },
      {
        role: 'tool',
        results: [
          { callId: 'a', tool: 'read_file', text: '[archived]', isError: false },
          { callId: 'b', tool: 'read_file', text: INTERRUPTED, isError: true },
        ],
      },
    ]);
  });

  it('finds the calls that have no result', () => {
    const items = memory(task, call('a', 's1'), call('b', 's1'), result('b'));
    expect(openCalls(items).map((item) => item.callId)).toEqual(['a']);
  });
});

/** Memories as steps make them: a note, or a reply with calls and their results, some late, twice or missing. */
const blank = constantFrom('', ' ', 'x');
const steps = array(
  record({
    note: boolean(),
    text: blank,
    reasoning: boolean(),
    calls: integer({ min: 0, max: 3 }),
    results: array(tuple(integer({ min: 0, max: 3 }), string()), { maxLength: 5 }),
    archived: boolean(),
  }),
  { maxLength: 8 },
);

function memoryOf(made: readonly Made[]): readonly ContextItemRow[] {
  const items = made.flatMap((step, n): (NewItem & { stepId?: string; promptText?: string })[] => {
    if (step.note) return [{ kind: 'user', text: step.text }];
    const stepId = `s${n}`;
    const shown = step.archived ? { promptText: '' } : {};
    const calls = Array.from({ length: step.calls }, (_, c) => ({
      ...call(`c${n}-${c}`, stepId, { n }),
      ...shown,
    }));
    const results = step.results.map(([c, text]) => ({ ...result(`c${n}-${c}`, text), ...shown }));
    return [
      ...(step.reasoning ? [{ kind: 'reasoning' as const, text: 'r', stepId }] : []),
      { kind: 'message' as const, text: step.text, stepId, ...shown },
      ...calls,
      ...results,
    ];
  });
  return memory(task, ...items);
}

function isLegal(items: readonly ContextItemRow[]): void {
  expect(legalProblem(buildMessages(items))).toBeNull();
}

interface Made {
  readonly note: boolean;
  readonly text: string;
  readonly reasoning: boolean;
  readonly calls: number;
  readonly results: readonly (readonly [number, string])[];
  readonly archived: boolean;
}

describe('whatever a crash left of a memory', () => {
  it('any prefix of it makes a legal history', () => {
    assert(
      property(steps, (made) => {
        const items = memoryOf(made);
        for (let end = 0; end <= items.length; end++)
          expect(legalProblem(buildMessages(items.slice(0, end)))).toBeNull();
      }),
    );
  });

  it('any part of it makes a legal history', () => {
    const parts = steps.chain((made) => {
      const items = memoryOf(made);
      return shuffledSubarray([...items.keys()]).map((kept) => {
        const keep = new Set(kept);
        return items.filter((_, index) => keep.has(index));
      });
    });
    assert(property(parts, isLegal), { numRuns: 500 });
  });

  it('even in another order it makes a legal history', () => {
    const orders = steps.chain((made) => {
      const items = memoryOf(made);
      return shuffledSubarray([...items], { minLength: items.length });
    });
    assert(property(orders, isLegal), { numRuns: 500 });
  });
});

describe('the checker of histories', () => {
  const user = { role: 'user', text: 'x' } as const;
  const said = { role: 'assistant', parts: [{ type: 'call', callId: 'a', tool: 't', input: {} }] } as const;
  const answered = {
    role: 'tool',
    results: [{ callId: 'a', tool: 't', text: 'x', isError: false }],
  } as const;
  it.each([
    ['no user first', [said, answered]],
    ['two of one role', [user, user]],
    ['a call without a result', [user, said]],
    ['a result without a call', [user, answered]],
    [
      'a result of another call',
      [user, said, { role: 'tool', results: [{ ...answered.results[0], callId: 'b' }] }],
    ],
    ['one call id twice', [user, said, answered, user, said, answered]],
    ['blank text', [{ role: 'user', text: ' ' }]],
    [
      'a message of reasoning alone',
      [user, { role: 'assistant', parts: [{ type: 'reasoning', text: 'x' }] }],
    ],
  ] as const)('refuses %s', (_, messages) => {
    expect(legalProblem(messages)).not.toBeNull();
  });
});
