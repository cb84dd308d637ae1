import type { MoveProgress } from '../handle.ts';
import type { Output } from './output.ts';
import { countWords } from './quantity-words.ts';

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
