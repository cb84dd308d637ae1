import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ask, canAsk } from './ask.ts';

function streams(isTTY: boolean) {
  const [stdin, stderr] = [new PassThrough(), new PassThrough()];
  return {
    stdin: Object.assign(stdin, { isTTY }) as unknown as NodeJS.ReadStream,
    stderr: Object.assign(stderr, { isTTY }) as unknown as NodeJS.WriteStream,
    type: (text: string) => stdin.write(text),
    end: () => stdin.end(),
    shown: () => String(stderr.read()),
  };
}

test('only a person at a terminal is asked', () => {
  expect(canAsk(streams(true))).toBe(true);
  expect(canAsk({ ...streams(true), stdin: streams(false).stdin })).toBe(false);
  expect(canAsk({ ...streams(true), stderr: streams(false).stderr })).toBe(false);
});

test.each([
  ['y\n', true],
  [' YES \n', true],
  ['n\n', false],
  ['\n', false],
  ['yesterday\n', false],
])('the answer %j', async (typed, agreed) => {
  const terminal = streams(true);
  const answer = ask(terminal, 'Restore it? (y/N) ');
  terminal.type(typed);
  expect(await answer).toBe(agreed);
  expect(terminal.shown()).toContain('Restore it? (y/N) ');
});

test('the end of the input and Ctrl-C are no', async () => {
  const ended = streams(true);
  const first = ask(ended, '? ');
  ended.end();
  expect(await first).toBe(false);
  const cut = streams(true);
  const second = ask(cut, '? ');
  cut.type('\u0003');
  expect(await second).toBe(false);
});
