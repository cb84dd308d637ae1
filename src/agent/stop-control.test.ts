import { describe, expect, it } from 'vitest';
import { step } from '../../test/conformance/store-rows.ts';
import { StopControl } from './stop-control.ts';

/** A stop at whose clock the test turns. */
function stopAt(): { readonly stop: StopControl; readonly time: { now: number } } {
  const time = { now: 0 };
  const clock = { now: () => 0, elapsed: () => time.now, sleep: () => Promise.resolve() };
  return { stop: new StopControl(clock), time };
}

describe('a stop', () => {
  it('ends the wait for another try at once', () => {
    const { stop, time } = stopAt();
    let gaveUp = false;
    stop.entered(step());
    stop.waits(1000, () => (gaveUp = true));
    time.now = 999;
    stop.finishStep();
    expect(gaveUp).toBe(true);
  });

  it('lets the next try finish its step, once it is under way', () => {
    const { stop, time } = stopAt();
    let gaveUp = false;
    stop.entered(step());
    stop.waits(1000, () => (gaveUp = true));
    time.now = 1000;
    stop.finishStep();
    expect(gaveUp).toBe(false);
    expect(stop.report().how).toBe('finished-step');
  });

  it('says that it finished the step which was being written down when it was asked for', () => {
    const { stop } = stopAt();
    stop.finishStep();
    stop.entered(step());
    stop.entered(null);
    expect(stop.report().how).toBe('finished-step');
  });

  it('says so when nothing was under way', () => {
    const { stop } = stopAt();
    stop.entered(step());
    stop.entered(null);
    stop.finishStep();
    expect(stop.report().how).toBe('between-steps');
  });
});
