import type { ProjectHandle } from '../handle.ts';
import type { Output } from './output.ts';
import { countWords } from './quantity-words.ts';

/** Before agents are run: what the config allows and nobody here has confirmed is asked about, one by one. */
export function tellUnconfirmed(out: Output, project: ProjectHandle): void {
  const rules = project.permissions.unconfirmed();
  if (rules.length > 0) out.note(...unconfirmedLines(rules));
}

/** Rules of the config that do not count yet, with the command that makes them count. */
export function unconfirmedLines(rules: readonly string[]): readonly string[] {
  return [
    `The config allows ${countWords(rules.length, 'rule')} that nobody has confirmed on this machine, so agents ask all the same:`,
    ...rules.map((rule) => `  ${rule}`),
    'To confirm: codeframe permission confirm',
  ];
}
