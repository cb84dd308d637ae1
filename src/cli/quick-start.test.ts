import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

/** One such import anywhere makes the help, `--version` and a wrong word on the line take twice as long. */
test('no command loads what opens a project before it needs one', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  expect(sources.length).toBeGreaterThan(20);
  const early = sources.filter((file) => {
    const text = readFileSync(path.join(import.meta.dirname, file), 'utf8');
    return /^(?:import|export) (?!type )[^;]*? from '[./]+\/main[a-z-]*\.ts';$/mu.test(text);
  });
  expect(early).toEqual([]);
});
