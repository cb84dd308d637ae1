import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fileText } from '../rig/agent-memory.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** As a stranger's program would call it: by the package's name, from what was built. */
const program = `
  import { planFlashSave } from 'codeframe/context';
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const { items, options } = JSON.parse(Buffer.concat(chunks).toString());
  const freeze = (value) => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
    return value;
  };
  const plans = options.map((one) => planFlashSave(freeze(items), freeze(one)));
  process.stdout.write(JSON.stringify({ plans, asynchronous: plans.some((plan) => plan instanceof Promise) }));
`;

interface Item {
  readonly id: string;
  readonly text: string;
}

/** The keys that the sessions of `data` have. */
function items(): Item[] {
  const start = { id: 'i0', kind: 'user', step: 0, at: '2026-02-21T05:21:10Z', text: 'Go on', tokens: 6 };
  const reads = Array.from({ length: 8 }, (_, n) => {
    const about = {
      tool: 'Read',
      path: `src/f${n}.ts`,
      callId: `t${n}`,
      step: n + 1,
      at: '2026-02-21T05:22:10Z',
    };
    const input = { file_path: `src/f${n}.ts` };
    const text = fileText(`f${n}.ts`, 40);
    return [
      { id: `c${n}`, kind: 'call', ...about, input, text: JSON.stringify(input), tokens: 20 },
      { id: `r${n}`, kind: 'result', ...about, isError: false, text, tokens: Math.ceil(text.length / 4) },
    ];
  });
  return [start, ...reads.flat()];
}

test('the built package exports planFlashSave with the signature that is promised', () => {
  const given = items();
  const options = [
    { targetReduction: 0.4, now: 0 },
    { targetReduction: 0.4, now: 1_900_000_000_000 },
  ];
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: repository,
    input: JSON.stringify({ items: given, options }),
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  const { plans, asynchronous } = JSON.parse(run.stdout) as {
    readonly asynchronous: boolean;
    readonly plans: readonly {
      readonly prompt: readonly Item[];
      readonly archived: readonly { id: string; recallId: string; from: number; to: number }[];
      readonly tokensBefore: number;
      readonly tokensAfter: number;
    }[];
  };
  expect(asynchronous).toBe(false);
  const [plan, later] = plans;
  expect(later).toEqual(plan);
  expect(plan?.prompt.map((one) => Object.keys(one))).toEqual(given.map(() => ['id', 'text']));
  expect(plan?.prompt.map(({ id }) => id)).toEqual(given.map(({ id }) => id));
  expect(1 - (plan?.tokensAfter ?? 0) / (plan?.tokensBefore ?? 1)).toBeCloseTo(0.4, 1);
  expect(plan?.archived.length).toBeGreaterThan(0);
  for (const { id, recallId, from, to } of plan?.archived ?? []) {
    const piece = given.find((one) => one.id === id)?.text.slice(from, to) ?? '';
    expect(piece.length).toBe(to - from);
    expect(plan?.prompt.find((one) => one.id === id)?.text).toContain(`[archived ${recallId}`);
  }
});
