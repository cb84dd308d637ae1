import { describe, expect, it } from 'vitest';
import { item } from '../../test/conformance/store-rows.ts';
import type { ContextItemRow } from './item.ts';
import { tierItems, type Tiered } from './tier-items.ts';

function tierOf(change: Partial<ContextItemRow>, now: number): Tiered {
  const [tiered] = tierItems([item({ step: 1, lastUsedStep: 1, ...change })], now);
  if (tiered === undefined) throw new Error('one item has one tier');
  return tiered;
}

function read(seq: number, path: string, tool = 'read_file'): ContextItemRow[] {
  const callId = `c${seq}`;
  const text = JSON.stringify({ path });
  return [
    item({ seq, kind: 'call', tool, callId, text, step: seq, lastUsedStep: seq }),
    item({ seq: seq + 1, kind: 'result', tool, callId, path, text: 'code', step: seq, lastUsedStep: seq }),
  ];
}

describe('the tiers of a memory', () => {
  it('follow from kind, age and use: 0.4, 0.4 and 0.2', () => {
    const tiered = tierOf({ kind: 'message', accessCount: 1 }, 21);
    expect(tiered.terms).toEqual({ kind: 0.6, age: 0.5, access: 0.5 });
    expect(tiered.importance).toBeCloseTo(0.4 * 0.6 + 0.4 * 0.5 + 0.2 * 0.5);
    expect(tiered).toMatchObject({ tier: 'WARM', rule: null, superseded: null, ageSteps: 20 });
  });

  it('sink with the steps of the agent, and with nothing else', () => {
    expect([1, 5, 200].map((now) => tierOf({ kind: 'result' }, now).tier)).toEqual(['HOT', 'WARM', 'COLD']);
    expect(tierOf({ kind: 'result', createdAt: 0 }, 5)).toEqual(
      tierOf({ kind: 'result', createdAt: 9e12 }, 5),
    );
    // A step count that went back ages nothing.
    expect(tierOf({ kind: 'result' }, 0).ageSteps).toBe(0);
  });

  it('leave what is pinned and what says the work HOT, and what a person said in the prompt', () => {
    expect(tierOf({ pinned: true }, 9_999)).toMatchObject({ tier: 'HOT', rule: 'it is pinned' });
    expect(tierOf({ kind: 'task' }, 9_999).tier).toBe('HOT');
    expect(tierOf({ kind: 'user' }, 9_999).tier).toBe('WARM');
  });

  it('are HOT for a while after a recall, and COLD when most of an item is archived', () => {
    expect(tierOf({ accessCount: 1, lastUsedStep: 50 }, 60).tier).toBe('HOT');
    expect(tierOf({ accessCount: 1, lastUsedStep: 50 }, 120).tier).toBe('COLD');
    expect(tierOf({ tokens: 100, promptTokens: 49 }, 2)).toMatchObject({ tier: 'COLD' });
    expect(tierOf({ tokens: 100, promptTokens: 51 }, 4)).toMatchObject({ tier: 'WARM' });
  });

  it('halve what is superseded: a read of a file since changed, a call that was made again', () => {
    const memory = [
      ...read(1, 'a.ts'),
      ...read(3, 'b.ts'),
      ...read(5, 'a.ts', 'edit_file'),
      ...read(7, 'b.ts'),
      ...read(9, 'c.ts'),
    ];
    const tiers = tierItems(memory, 12);
    expect(tiers.map(({ superseded }) => superseded)).toEqual([
      null,
      'the file was changed since',
      null,
      'the same call was made again',
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
    const [, changed] = tiers;
    const { kind, age, access } = changed?.terms ?? { kind: 0, age: 0, access: 0 };
    expect(changed?.importance).toBeCloseTo((0.4 * kind + 0.4 * age + 0.2 * access) / 2);
    expect(changed?.tier).toBe('COLD');
  });

  it('do not count an edit that failed, or a result without its call', () => {
    const [call, result] = read(3, 'a.ts', 'edit_file');
    const failed = [...read(1, 'a.ts'), call, { ...result, isError: true }].filter(
      (one) => one !== undefined,
    );
    expect(tierItems(failed as ContextItemRow[], 9)[1]?.superseded).toBeNull();
    expect(tierItems([item({ kind: 'result', callId: 'gone' })], 9)[0]?.superseded).toBeNull();
    expect(tierItems([], 9)).toEqual([]);
  });
});
