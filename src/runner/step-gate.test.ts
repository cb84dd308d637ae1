import { describe, expect, it } from 'vitest';
import { systemClock } from '../adapters/system/system-clock.ts';
import { StepGate } from './step-gate.ts';

const withinMs = 60_000;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the gate', () => {
  it('is held only when a program that was on its way has been started: a freeze before would miss it', async () => {
    const gate = new StepGate();
    const begun = await gate.enter({ kind: 'run', effect: 'idempotent' });
    let started = false;
    const holding = gate.hold(systemClock, withinMs).then(() => started);
    await nextTurn();
    begun();
    queueMicrotask(() => (started = true));
    expect(await holding).toBe(true);
  });

  it('waits for a tool that works in this process, and lets nothing new begin', async () => {
    const gate = new StepGate();
    const over = await gate.enter({ kind: 'tool', effect: 'keyed' });
    const order: string[] = [];
    const holding = gate.hold(systemClock, withinMs).then((open) => {
      order.push('held');
      return open;
    });
    const next = gate.enter({ kind: 'tool', effect: 'unsafe' }).then(() => order.push('next'));
    await nextTurn();
    expect(order).toEqual([]);
    over();
    (await holding)();
    await next;
    expect(order).toEqual(['held', 'next']);
  });

  it('is held by one at a time', async () => {
    const gate = new StepGate();
    const open = await gate.hold(systemClock, withinMs);
    const order: string[] = [];
    const second = gate.hold(systemClock, withinMs).then((openSecond) => {
      order.push('second');
      openSecond();
    });
    await nextTurn();
    order.push('first');
    open();
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('lets model calls pass', async () => {
    const gate = new StepGate();
    await gate.hold(systemClock, withinMs);
    (await gate.enter({ kind: 'model', effect: 'pure' }))();
  });
});
