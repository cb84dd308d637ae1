import type { BlockerRow } from '../blocker/blocker.ts';
import { indented, type Line } from './output.ts';

/** Open questions, each with the command that answers it. */
export function blockerLines(blockers: readonly BlockerRow[]): readonly Line[] {
  return blockers.flatMap((blocker): Line[] => [
    [{ text: blocker.id, style: 'yellow' }, ` ${blocker.agent} asks for task ${blocker.taskId}:`],
    ...indented(blocker.question),
    `  Answer: ${answerCommand(blocker)}`,
  ]);
}

function answerCommand({ id, subject }: BlockerRow): string {
  return `codeframe blocker answer ${id} ${subject.kind === 'command' ? 'yes' : '"…"'}`;
}
