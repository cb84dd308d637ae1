import type { StepRow } from './step.ts';

/** A step in a few words: `write_file src/a.ts`, `asks anthropic:claude-sonnet-4-5`. */
export function stepWords(step: Pick<StepRow, 'kind' | 'name'> & { readonly summary: string }): string {
  const { kind, name, summary } = step;
  if (kind === 'model') return `asks ${name}`;
  if (summary === '') return name;
  // A program's summary is its whole line, which begins with its name.
  return summary.startsWith(name) ? summary : `${name} ${summary}`;
}
