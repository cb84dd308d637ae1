import { describe, expect, it } from 'vitest';
import type { ContextItemRow, NewItem } from '../context/item.ts';
import { itemRow } from '../../test/rig/memory-session.ts';
import { INSIST } from './agent-words.ts';
import { nextMove, seenHash } from './next-move.ts';

type Said = NewItem & { readonly stepId?: string; readonly taskId?: number; readonly promptText?: string };

function memory(...items: readonly Said[]): readonly ContextItemRow[] {
  return items.map((item, index) => ({
    ...itemRow(item, { seq: index + 1, stepId: item.stepId ?? null, taskId: item.taskId ?? 1 }),
    promptText: item.promptText ?? null,
  }));
}

const task: Said = { kind: 'task', text: 'Task 1' };
const finish: Said = {
  kind: 'call',
  text: '',
  tool: 'finish_task',
  callId: 'f',
  input: { summary: ' All done. ' },
  stepId: 's1',
};
const call = (callId: string): Said => ({ ...finish, tool: 'list_files', callId, input: {} });
const result = (callId: string, isError = false): Said => ({ kind: 'result', text: 'x', callId, isError });

describe('what an agent does next', () => {
  it.each<[string, string, readonly Said[]]>([
    ['introduce', 'the task is not there', []],
    ['introduce', 'only another task is there', [{ ...task, taskId: 2 }]],
    ['ask-model', 'the task stands there', [task]],
    ['run-calls', 'a call has no result', [task, call('a'), call('b'), result('a')]],
    ['run-calls', 'a note stands behind a call', [task, call('a'), { kind: 'user', text: 'note' }]],
    ['ask-model', 'all calls have results', [task, call('a'), call('b'), result('a'), result('b')]],
    ['ask-model', 'a call of another task has none', [{ ...call('a'), taskId: 2 }, task]],
    ['insist', 'it only talked', [task, { kind: 'message', text: 'ok', stepId: 's1' }]],
    [
      'ask-model',
      'it was asked whether it is done',
      [task, { kind: 'message', text: 'ok' }, { kind: 'user', text: INSIST }],
    ],
    ['ask-model', 'it could not finish', [task, finish, result('f', true)]],
    ['done', 'it finished', [task, finish, result('f')]],
    ['done', 'it finished together with another call', [task, call('a'), finish, result('a'), result('f')]],
    [
      'done',
      'it finished, and a note came between',
      [task, finish, { kind: 'user', text: 'note' }, result('f')],
    ],
  ])('%s when %s', (kind, _, items) => {
    expect(nextMove(memory(...items), 1).kind).toBe(kind);
  });

  it('takes the summary of the call that finished', () => {
    expect(nextMove(memory(task, finish, result('f')), 1)).toEqual({ kind: 'done', summary: 'All done.' });
  });

  it('takes the text of a reply for the summary when it was asked and still calls nothing', () => {
    const items = memory(
      task,
      { kind: 'user', text: INSIST },
      { kind: 'message', text: 'Yes, done.', stepId: 's2' },
    );
    expect(nextMove(items, 1)).toEqual({ kind: 'done', summary: 'Yes, done.' });
  });
});

describe('what an agent has seen of a file', () => {
  const seen = (sha256: string, more: Partial<Said> = {}): Said => ({
    ...result('a'),
    path: 'a.txt',
    meta: { sha256 },
    ...more,
  });

  it('is what it read or wrote last', () => {
    expect(seenHash(memory(seen('1'), seen('2'), result('x')), 'a.txt')).toBe('2');
    expect(seenHash(memory(seen('1')), 'b.txt')).toBeNull();
  });

  it('is forgotten when it left the prompt', () => {
    expect(seenHash(memory(seen('1', { promptText: '[stub]' })), 'a.txt')).toBeNull();
    expect(seenHash(memory(seen('1'), seen('2', { promptText: '[stub]' })), 'a.txt')).toBe('1');
  });
});
