import type { UnconfirmedRule } from '../agent/permissions.ts';
import type { ProjectHandle } from '../handle.ts';
import type { Output } from './output.ts';
import { countWords } from './quantity-words.ts';

/** Before agents are run: which rules do not hold, as nobody here has confirmed them or as an agent knows none. */
export async function tellPermissions(out: Output, project: ProjectHandle): Promise<void> {
  await tellUnheeded(out, project);
  const rules = await project.permissions.unconfirmed();
  if (rules.length === 0) return;
  out.note(
    `The config or an agent allows ${countWords(rules.length, 'rule')} that nobody has confirmed on this machine, so agents ask all the same:`,
    ...rules.map((rule) => `  ${ruleWords(rule)}`),
    'To confirm: codeframe permission confirm',
  );
}

/** A rule that waits or waited to be confirmed, with whose it is. */
export function ruleWords({ rule, agent }: UnconfirmedRule): string {
  return agent === null ? rule : `${rule} (agent ${agent})`;
}

/** Which agents the rules that deny or ask do not reach. */
export async function tellUnheeded(out: Output, project: ProjectHandle): Promise<void> {
  const unheeded = await project.permissions.unheeded();
  if (unheeded.length === 0) return;
  out.note(
    'What denies or asks does not stop every agent:',
    ...unheeded.map(({ agent, driver, why }) => `  ${agent} (${driver}): ${why}`),
  );
}
