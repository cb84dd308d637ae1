import type { MoveProgress } from '../handle.ts';
import type { Line, Output } from './output.ts';
import { countWords } from './quantity-words.ts';

/** A project took its rows from a checkpoint, and its files stay as they are. */
export function unfilledLines(checkpointId: string): readonly Line[] {
  return [
    `The tasks, agents and their memory are those of checkpoint ${checkpointId}; the files stay as they are, for there is ` +
      'work in the directory that is not in it.',
    `Next: codeframe restore ${checkpointId} shows what would change, and takes the files there`,
  ];
}

/**
 * Tells how a push or pull goes: what git says of each phase at its end, and each batch that is done. A line a percent
 * would fill a log.
 */
export function progressTeller(out: Output, done: string): (progress: MoveProgress) => void {
  return ({ done: count, of, line }) => {
    if (line === null) out.note(`${done} ${count} of ${countWords(of, 'checkpoint')}.`);
    else if (out.isTerminal && /100%.*done/.test(line)) out.note(line);
  };
}
