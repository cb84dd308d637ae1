import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { FlashItem } from './flash-item.ts';
import { type FlashSavePlan, planFlashSave } from './plan-flash-save.ts';

const NOW = 0;

function item(over: Partial<FlashItem> & { id: string }): FlashItem {
  const text = over.text ?? '';
  return { kind: 'result', step: 1, text, tokens: Math.ceil(text.length / 4) + 4, ...over };
}

/** A session: the user asks, the agent reads 12 files and edits one of them, then runs the tests. */
function session(): FlashItem[] {
  const items: FlashItem[] = [
    item({ id: 'ask', kind: 'user', step: 0, text: 'Make parseHeader accept empty values' }),
  ];
  for (let n = 1; n <= 12; n += 1) {
    const path = `src/module${n}.ts`;
    items.push(
      item({
        id: `c${n}`,
        kind: 'call',
        tool: 'Read',
        callId: `t${n}`,
        step: n,
        path,
        text: JSON.stringify({ file_path: path }),
      }),
    );
    items.push(
      item({ id: `r${n}`, tool: 'Read', callId: `t${n}`, step: n, path, text: numbered(fileText(n)) }),
    );
  }
  const edit = {
    file_path: 'src/module3.ts',
    old_string: fileText(3),
    new_string: fileText(3).replaceAll('value', 'entry'),
  };
  items.push(
    item({
      id: 'edit',
      kind: 'call',
      tool: 'Edit',
      callId: 'e',
      step: 13,
      path: 'src/module3.ts',
      text: JSON.stringify(edit),
    }),
  );
  items.push(
    item({
      id: 'edited',
      tool: 'Edit',
      callId: 'e',
      step: 13,
      path: 'src/module3.ts',
      text: 'The file was updated.',
    }),
  );
  items.push(
    item({
      id: 'run',
      kind: 'call',
      tool: 'Bash',
      callId: 'b',
      step: 14,
      text: JSON.stringify({ command: 'npm test' }),
    }),
  );
  items.push(item({ id: 'ran', tool: 'Bash', callId: 'b', step: 14, text: 'ok 12 tests\n' }));
  return items;
}

function fileText(n: number): string {
  const lines = Array.from(
    { length: 40 },
    (_, line) => `  const value${n}_${line} = computeModule${n}(input${line}, ${line});`,
  );
  return [`export function moduleEntry${n}(input: Header): Result {`, ...lines, '}'].join('\n');
}

function numbered(text: string): string {
  return text
    .split('\n')
    .map((line, at) => `${String(at + 1).padStart(6)}→${line}`)
    .join('\n');
}

function shownOf(plan: FlashSavePlan, items: readonly FlashItem[], id: string): string {
  return plan.prompt[items.findIndex((one) => one.id === id)]?.text ?? '';
}

/** Puts the archived pieces back between what stayed: what stayed must be found in the prompt, in order, around the stubs. */
function rebuild(plan: FlashSavePlan, given: FlashItem, index: number): string {
  const shown = plan.prompt[index]?.text ?? '';
  let text = '';
  let at = 0;
  let seen = 0;
  for (const piece of plan.archived.filter((one) => one.index === index)) {
    const kept = given.text.slice(at, piece.from);
    if (!shown.startsWith(kept, seen)) return 'a kept part is missing';
    const stub = shown.indexOf(piece.recallId, seen + kept.length);
    if (stub < 0) return 'a stub is missing';
    text += kept + given.text.slice(piece.from, piece.to);
    at = piece.to;
    const next = plan.archived.find((one) => one.index === index && one.from >= piece.to);
    const tail = given.text.slice(piece.to, next?.from ?? given.text.length);
    seen = next === undefined ? shown.length - tail.length : shown.indexOf(tail, stub);
  }
  return text + given.text.slice(at);
}

describe('a plan', () => {
  test.each([0.3, 0.4, 0.5])(
    'frees %d of the tokens, within 3 points, by its own count and by a recount',
    (targetReduction) => {
      const items = session();
      const count = (text: string): number => Math.ceil(text.length / 4);
      const plan = planFlashSave(items, { targetReduction, now: NOW, count });
      expect(plan.reason).toBeNull();
      expect(Math.abs(plan.reduction - targetReduction)).toBeLessThan(0.03);
      const after = plan.prompt.reduce((sum, one) => sum + count(one.text) + 4, 0);
      expect(Math.abs(after - plan.tokensAfter) / plan.tokensBefore).toBeLessThan(0.02);
    },
  );

  test('keeps one entry per item, in order', () => {
    const plan = planFlashSave(session(), { targetReduction: 0.4, now: NOW });
    expect(plan.prompt.map((one) => one.id)).toEqual(session().map((one) => one.id));
  });

  test('is the same for the same items', () => {
    const [first, second] = [0, 1].map((now) => planFlashSave(session(), { targetReduction: 0.4, now }));
    expect(first).toEqual(second);
  });

  test('gives the archived pieces and what stays as the item again', () => {
    const items = session();
    const plan = planFlashSave(items, { targetReduction: 0.5, now: NOW });
    expect(plan.archived.length).toBeGreaterThan(3);
    items.forEach((one, index) => expect(rebuild(plan, one, index)).toBe(one.text));
  });

  test('leaves line numbers out before it leaves a line out', () => {
    const items = session();
    const plan = planFlashSave(items, { targetReduction: 0.15, now: NOW });
    expect(shownOf(plan, items, 'r1')).toContain('lines 1-42, without their numbers');
    expect(shownOf(plan, items, 'r1')).toContain('\n  const value1_7 = computeModule1(input7, 7);\n');
    expect(shownOf(plan, items, 'r1')).not.toContain('→');
  });

  test('takes what an edit replaced before what still stands in a file', () => {
    const items = session();
    const plan = planFlashSave(items, { targetReduction: 0.4, now: NOW });
    expect(shownOf(plan, items, 'edit')).not.toContain('const value3_9 = ');
    expect(shownOf(plan, items, 'edit')).toContain('const entry3_9 = ');
    expect(shownOf(plan, items, 'r3')).not.toContain('const value3_9 = ');
  });

  test('keeps the lines that an edit quoted and wrote again: they are in the file still', () => {
    const quoted = fileText(3);
    const edit = { file_path: 'src/module3.ts', old_string: quoted, new_string: `// new\n${quoted}` };
    const items = session().map((one) => (one.id === 'edit' ? { ...one, text: JSON.stringify(edit) } : one));
    const plan = planFlashSave(items, { targetReduction: 0.4, now: NOW });
    const shown = JSON.parse(shownOf(plan, items, 'edit')) as { old_string: string; new_string: string };
    expect(shown.old_string).not.toContain('const value3_9 = ');
    expect(shown.new_string).toContain('const value3_9 = ');
  });

  test.each([
    ['are all one', () => 0],
    ['run backwards', (at: number) => 1_000 - at],
  ])('meets the target also where steps %s', (_, step) => {
    const items = session().map((one, at) => ({ ...one, step: step(at) }));
    const plan = planFlashSave(items, { targetReduction: 0.4, now: NOW });
    expect(plan.reduction).toBeGreaterThan(0.37);
    expect(plan.prompt.at(-1)?.text).toBe(items.at(-1)?.text);
  });

  test.each(['message', 'result', 'assistant', 'call'])(
    'archives of a memory that is all %s in one step, and keeps its end',
    (kind) => {
      const items = Array.from({ length: 40 }, (_, n) =>
        item({ id: `i${n}`, kind, step: 0, text: fileText(n) }),
      );
      const plan = planFlashSave(items, { targetReduction: 0.4 });
      expect(plan.reason).toBeNull();
      expect(Math.abs(plan.reduction - 0.4)).toBeLessThan(0.03);
      expect(plan.prompt.slice(-2).map(({ text }) => text)).toEqual(items.slice(-2).map(({ text }) => text));
    },
  );

  test.each([4, 8, 16, 32, 64])('meets the target in a session of one result of %d lines', (lines) => {
    const text = fileText(1).split('\n').concat(fileText(2).split('\n')).slice(0, lines).join('\n');
    const items = [
      item({ id: 'ask', kind: 'user', step: 0, text: 'fix it', tokens: 2 }),
      item({ id: 'c', kind: 'call', text: '{"command":"ls"}', tokens: 5 }),
      item({ id: 'r', text }),
      item({ id: 'a', kind: 'assistant', step: 2, text: 'done', tokens: 1 }),
    ];
    const plan = planFlashSave(items, { targetReduction: 0.4 });
    expect(plan.reason).toBeNull();
    expect(Math.abs(plan.reduction - 0.4)).toBeLessThan(0.03);
  });

  test('says so where a text cannot be cut fine enough', () => {
    const items = [
      item({ id: 'ask', kind: 'user', step: 0, text: 'fix it', tokens: 70 }),
      item({ id: 'r', text: 'one line of text '.repeat(40) }),
      item({ id: 'a', kind: 'assistant', step: 2, text: 'done' }),
    ];
    const plan = planFlashSave(items, { targetReduction: 0.4 });
    expect(plan.reduction).toBeGreaterThan(0.43);
    expect(plan.reason).toMatch(/^\d\d % were freed, more than the 40 % asked for: /);
  });

  test('names less where the target is not met otherwise', () => {
    const names = (n: number): string =>
      Array.from({ length: 60 }, (_, at) => `entryNumber${n}x${at} = ${at}`).join('\n');
    const items = [
      item({ id: 'ask', kind: 'user', step: 0, text: 'go' }),
      ...Array.from({ length: 12 }, (_, n) => item({ id: `out${n}`, step: n + 1, text: names(n) })),
      item({ id: 'end', kind: 'assistant', step: 13, text: 'done' }),
    ];
    const named = planFlashSave(items, { targetReduction: 0.3, now: NOW });
    const bare = planFlashSave(items, { targetReduction: 0.9, now: NOW });
    expect(shownOf(named, items, 'out0')).toContain('entryNumber0x3');
    expect(shownOf(bare, items, 'out0')).not.toContain('entryNumber0x3');
    expect(bare.reduction).toBeGreaterThan(0.88);
    expect(bare.reason).toBeNull();
  });

  test('names what only the archived text held', () => {
    const items = [
      ...session().slice(0, -2),
      item({
        id: 'log',
        tool: 'Bash',
        callId: 'l',
        step: 3,
        text: `deploy-report.json uploadChunkSize\n${'the build is fine\n'.repeat(200)}`,
      }),
      ...session().slice(-2),
    ];
    const shown = shownOf(planFlashSave(items, { targetReduction: 0.35, now: NOW }), items, 'log');
    expect(shown).toMatch(/^\[archived [0-9a-z]{8}: .*\]/);
    expect(shown).toContain('uploadChunkSize');
    expect(shown.length).toBeLessThan(200);
  });

  test('shows a call of which a part left as JSON', () => {
    const items = session();
    const shown = shownOf(planFlashSave(items, { targetReduction: 0.4, now: NOW }), items, 'edit');
    expect(JSON.parse(shown)).toMatchObject({
      file_path: 'src/module3.ts',
      old_string: expect.stringMatching(/^\[archived /),
    });
  });

  test('shows a call whose arguments are JSON in a string as such a call, without the old text', () => {
    const items = session().map((one) =>
      one.kind === 'call'
        ? { ...one, tool: null, path: null, text: JSON.stringify({ name: one.tool, arguments: one.text }) }
        : one,
    );
    const shown = shownOf(planFlashSave(items, { targetReduction: 0.4, now: NOW }), items, 'edit');
    const call = JSON.parse(shown) as { arguments: string };
    expect(JSON.parse(call.arguments)).toMatchObject({
      old_string: expect.stringMatching(/^\[archived /),
      new_string: expect.stringContaining('const entry3_9 = '),
    });
  });

  test('goes on from an earlier save: with nothing more to free, the same pieces stay out under the same recall ids', () => {
    const first = planFlashSave(session(), { targetReduction: 0.4, now: NOW });
    const left = 1 - first.reduction;
    const shown = session().map((one) => ({ ...one, promptTokens: (one.tokens ?? 0) * left }));
    const second = planFlashSave(shown, { targetReduction: 0, now: NOW });
    expect(Math.abs(second.tokensBefore - first.tokensAfter)).toBeLessThan(2);
    expect(second.archived.map((piece) => piece.recallId)).toEqual(
      first.archived.map((piece) => piece.recallId),
    );
  });
});

describe('what is never archived', () => {
  test.each(['user', 'instructions', 'task', 'meta', 'system', 'blocker'])('%s', (kind) => {
    const items = [item({ id: 'kept', kind, step: 0, text: fileText(99) }), ...session()];
    expect(shownOf(planFlashSave(items, { targetReduction: 1, now: NOW }), items, 'kept')).toBe(fileText(99));
  });

  test('a summary leaves when nothing else is left', () => {
    const items = [item({ id: 'sum', kind: 'summary', step: 0, text: fileText(99) }), ...session()];
    expect(shownOf(planFlashSave(items, { targetReduction: 0.6, now: NOW }), items, 'sum')).toBe(
      fileText(99),
    );
    expect(shownOf(planFlashSave(items, { targetReduction: 1, now: NOW }), items, 'sum')).not.toBe(
      fileText(99),
    );
  });

  test('a pin', () => {
    const items = session().map((one) => (one.id === 'r2' ? { ...one, pinned: true } : one));
    expect(shownOf(planFlashSave(items, { targetReduction: 1, now: NOW }), items, 'r2')).toBe(
      numbered(fileText(2)),
    );
  });

  test('the last turn, and the last exchange while it is small', () => {
    const items = [
      ...session(),
      item({ id: 'more', kind: 'user', step: 14, text: 'and now the docs' }),
      item({ id: 'long', step: 15, text: fileText(5) }),
    ];
    const plan = planFlashSave(items, { targetReduction: 1, now: NOW });
    expect(shownOf(plan, items, 'long')).toBe(fileText(5));
    expect(shownOf(plan, items, 'more')).toBe('and now the docs');
  });
});

describe('bad input', () => {
  test.each([0, -1, Number.NaN, undefined])('a target of %s archives nothing', (targetReduction) => {
    const plan = planFlashSave(session(), { targetReduction: targetReduction as number, now: NOW });
    expect(plan.archived).toEqual([]);
    expect(plan.tokensAfter).toBe(plan.tokensBefore);
  });

  test.each([1, 2, Number.POSITIVE_INFINITY])(
    'a target of %s archives what may be and says why not more',
    (targetReduction) => {
      const plan = planFlashSave(session(), { targetReduction, now: NOW });
      expect(plan.reduction).toBeGreaterThan(0.5);
      expect(plan.reason).toMatch(/were reached: \d+ % of the prompt is never archived/);
    },
  );

  test('pins that are larger than the target allows', () => {
    const items = session().map((one) => ({ ...one, pinned: true }));
    const plan = planFlashSave(items, { targetReduction: 0.4, now: NOW });
    expect(plan.reduction).toBe(0);
    expect(plan.reason).toBe(
      '0 % of the 40 % asked for were reached: 100 % of the prompt is never archived (instructions, the task, what people said, pins, the last exchange), and the rest is stubs and items too small to archive',
    );
  });

  test('no items', () => {
    expect(planFlashSave([], { targetReduction: 0.4, now: NOW })).toMatchObject({
      prompt: [],
      archived: [],
      tokensBefore: 0,
      reduction: 0,
      reason: 'there is nothing to archive',
    });
  });

  test('the same id twice, results without calls, no tokens, steps and clocks that run backwards', () => {
    const items = session().map((one, index) => ({
      ...one,
      id: 'same',
      callId: undefined,
      tokens: index % 2 === 0 ? undefined : Number.NaN,
      step: 40 - index,
      at: new Date(1e12 - index * 1e6).toISOString(),
    }));
    const plan = planFlashSave(items, { targetReduction: 0.4, now: NOW });
    expect(new Set(plan.archived.map((piece) => piece.recallId)).size).toBe(plan.archived.length);
    items.forEach((one, index) => expect(rebuild(plan, one, index)).toBe(one.text));
  });

  test('5 MB without a break', () => {
    const items = [item({ id: 'big', step: 1, text: 'ab😀'.repeat(1_250_000) }), ...session()];
    const plan = planFlashSave(items, { targetReduction: 0.4, now: NOW });
    expect(Math.abs(plan.reduction - 0.4)).toBeLessThan(0.03);
    expect(rebuild(plan, items[0] as FlashItem, 0)).toBe(items[0]?.text);
  });

  test('any list: nothing is lost, nothing throws, nothing grows, calls stay JSON', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3_000 }),
      fc.array(fc.string({ maxLength: 60 }), { maxLength: 120 }).map((lines) => lines.join('\n')),
      fc
        .array(fc.constantFrom('\ud800', '\udc00', 'a', '\n', '\\', '"', '→', '12'), { maxLength: 2_000 })
        .map((all) => all.join('')),
      fc.constant(numbered(fileText(7))),
    );
    const anyItem = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      kind: fc.constantFrom('user', 'assistant', 'call', 'result', 'result', 'call', 'nonsense'),
      tool: fc.constantFrom('Read', 'Edit', 'Bash', null),
      callId: fc.constantFrom('1', '2', null),
      isError: fc.boolean(),
      step: fc.integer({ min: -5, max: 30 }),
      text: anyText,
      tokens: fc.oneof(fc.constant(undefined), fc.constant(Number.NaN), fc.integer({ min: -3, max: 3_000 })),
      pinned: fc.boolean(),
    });
    const anyJson = anyItem.map((one) =>
      one.kind === 'call' ? { ...one, text: JSON.stringify({ old_string: one.text, n: 1 }) } : one,
    );
    const anyCall = anyJson.map((one) =>
      one.kind === 'call' && one.callId === '1'
        ? { ...one, text: JSON.stringify({ arguments: one.text }) }
        : one,
    );
    fc.assert(
      fc.property(
        fc.array(anyCall, { maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (items, targetReduction) => {
          const plan = planFlashSave(items, { targetReduction, now: NOW });
          expect(plan.prompt).toHaveLength(items.length);
          items.forEach((one, index) => {
            const shown = plan.prompt[index]?.text ?? '';
            expect(shown.length).toBeLessThanOrEqual(one.text.length);
            expect(rebuild(plan, one, index)).toBe(one.text);
            if (one.kind !== 'call') return;
            const call = JSON.parse(shown) as { arguments?: string };
            const given = call.arguments === undefined ? call : (JSON.parse(call.arguments) as object);
            expect(Object.keys(given)).toEqual(['old_string', 'n']);
          });
          expect(plan.tokensAfter).toBeLessThanOrEqual(plan.tokensBefore);
        },
      ),
      { numRuns: 150 },
    );
  });
});
