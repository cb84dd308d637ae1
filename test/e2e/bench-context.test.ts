import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A row of the benchmark's table: the figures of a policy, in per cent or plain. */
function figuresOf(out: string, policy: string): readonly number[] {
  const line = out.split('\n').find((one) => one.startsWith(`| ${policy} |`));
  if (line === undefined) throw new Error(`no row of ${policy} in ${out}`);
  return line.split('|').slice(2, -1).map(Number.parseFloat);
}

test('the memory benchmark runs on the sessions that the repository carries, with all its rivals', async () => {
  const args = [
    'scripts/run-ts.mjs',
    'bench/context.ts',
    '--data',
    'bench/context/synthetic',
    '--target',
    '0.4',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository });
  const [cut, steps, editSteps, clean, met] = figuresOf(stdout, 'codeframe');
  expect(Math.abs((cut ?? 0) - 40)).toBeLessThan(3);
  expect(met).toBe(100);
  const rivals = [
    'least recently referenced, 60 names',
    'newest first',
    'keep last 10 outputs',
    'clear all but 3 outputs',
    "the reference's rule",
    'chance',
  ];
  for (const rival of rivals) {
    const [, rivalSteps, rivalEditSteps, rivalClean] = figuresOf(stdout, rival);
    expect(steps, rival).toBeLessThanOrEqual(rivalSteps ?? 0);
    expect(editSteps, rival).toBeLessThanOrEqual(rivalEditSteps ?? 0);
    expect(clean, rival).toBeGreaterThanOrEqual(rivalClean ?? 0);
  }
  expect(figuresOf(stdout, 'oracle')).toHaveLength(7);
  expect(stdout).toMatch(/\| codeframe \| [\d.]+ % \([\d.]+ %–[\d.]+ %\) \|/);
});
