import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isQuiet,
  isSettled,
  needsOwner,
  nextCommand,
  nextState,
  type ProjectChange,
  type ProjectState,
} from './lifecycle.ts';

const states: readonly ProjectState[] = [
  { kind: 'created', since: 0 },
  { kind: 'running', since: 1, epoch: 3 },
  { kind: 'pausing', since: 2, pauseId: 'z1', from: { kind: 'running', since: 1, epoch: 3 } },
  { kind: 'pausing', since: 2, pauseId: 'z1', from: { kind: 'stopped', since: 1, why: 'asked' } },
  { kind: 'paused', since: 3, pauseId: 'z1', checkpointId: 'c1', from: 'running' },
  { kind: 'resuming', since: 4, epoch: 4, pauseId: 'z1' },
  { kind: 'interrupted', since: 5, was: 'running', lostEpoch: 4 },
  { kind: 'stopping', since: 6, epoch: 4, graceMs: 10 },
  { kind: 'stopped', since: 7, why: 'asked' },
  { kind: 'completed', since: 8 },
  { kind: 'restoring', since: 9, restoreId: 'r1', from: { kind: 'completed', since: 8 } },
];

const changes: readonly ProjectChange[] = [
  { kind: 'start', at: 20, epoch: 9 },
  { kind: 'pause-requested', at: 20, pauseId: 'z9' },
  { kind: 'pause-finished', at: 20, checkpointId: 'c9' },
  { kind: 'pause-failed', at: 20 },
  { kind: 'resume-requested', at: 20, epoch: 9 },
  { kind: 'resumed', at: 20 },
  { kind: 'stop-requested', at: 20, graceMs: 5 },
  { kind: 'stopped', at: 20, why: 'asked' },
  { kind: 'all-tasks-ended', at: 20 },
  { kind: 'runner-lost', at: 20, lostEpoch: 8 },
  { kind: 'restore-begun', at: 20, restoreId: 'r9' },
  { kind: 'restore-ended', at: 20 },
];

function after(state: ProjectState, change: ProjectChange): string {
  const next = nextState(state, change);
  return next.ok ? next.state.kind : 'refused';
}

describe('the lifecycle of a project', () => {
  test('every state and change has the outcome that the diagram shows', () => {
    const table = states.map(
      (state) => `${state.kind}: ${changes.map((change) => after(state, change)).join(' ')}`,
    );
    const no = 'refused';
    expect(table).toEqual([
      `created: running pausing ${no} ${no} ${no} ${no} ${no} ${no} ${no} ${no} restoring ${no}`,
      `running: ${no} pausing ${no} ${no} ${no} ${no} stopping stopped completed interrupted ${no} ${no}`,
      `pausing: ${no} ${no} paused running ${no} ${no} ${no} ${no} ${no} interrupted ${no} ${no}`,
      `pausing: ${no} ${no} paused stopped ${no} ${no} ${no} ${no} ${no} stopped ${no} ${no}`,
      `paused: ${no} ${no} ${no} ${no} resuming ${no} ${no} ${no} ${no} ${no} restoring ${no}`,
      `resuming: ${no} ${no} ${no} ${no} ${no} running ${no} ${no} ${no} interrupted ${no} ${no}`,
      `interrupted: running pausing ${no} ${no} resuming ${no} ${no} stopped ${no} ${no} restoring ${no}`,
      `stopping: ${no} ${no} ${no} ${no} ${no} ${no} stopping stopped ${no} interrupted ${no} ${no}`,
      `stopped: running pausing ${no} ${no} ${no} ${no} ${no} ${no} ${no} ${no} restoring ${no}`,
      `completed: running pausing ${no} ${no} ${no} ${no} ${no} ${no} ${no} ${no} restoring ${no}`,
      `restoring: ${no} ${no} ${no} ${no} ${no} ${no} ${no} ${no} ${no} completed ${no} completed`,
    ]);
  });

  test('a pause that fails goes back to the very state it was asked in', () => {
    for (const from of states.filter(isSettled)) {
      const pausing = nextState(from, { kind: 'pause-requested', at: 20, pauseId: 'z9' });
      expect(pausing.ok && nextState(pausing.state, { kind: 'pause-failed', at: 21 })).toEqual({
        ok: true,
        state: from,
      });
    }
  });

  test('a stop that is asked for again ends by the shorter grace', () => {
    const state = { kind: 'stopping', since: 6, epoch: 4, graceMs: 10 } as const;
    const again = (graceMs: number) => nextState(state, { kind: 'stop-requested', at: 9, graceMs });
    expect(again(0)).toEqual({ ok: true, state: { ...state, graceMs: 0 } });
    expect(again(50)).toEqual({ ok: true, state });
  });

  test('a refused change names a command', () => {
    for (const state of states) expect(nextCommand(state)).toMatch(/^codeframe [a-z]/u);
  });

  test('a lost runner always leaves a state that a person can go on from', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...changes), { maxLength: 30 }), (sequence) => {
        let state: ProjectState = { kind: 'created', since: 0 };
        for (const change of sequence) {
          const next = nextState(state, change);
          if (next.ok) state = next.state;
        }
        if (!needsOwner(state)) return;
        const lost = nextState(state, { kind: 'runner-lost', at: 99, lostEpoch: 1 });
        expect(lost.ok && isQuiet(lost.state)).toBe(true);
      }),
    );
  });
});
