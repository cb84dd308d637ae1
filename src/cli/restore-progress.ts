import type { RecoveredRestore } from '../checkpoint/recover-restore.ts';
import type { RestoreProgress } from '../handle.ts';
import type { Line, Output } from './output.ts';
import { numberWords } from './quantity-words.ts';

/** A restore that was cut, and how this command ended it. */
export function recoveredLines({ restoreId, checkpointId, how, left }: RecoveredRestore): readonly Line[] {
  const of = checkpointId === null ? '' : ` of checkpoint ${checkpointId}`;
  const end =
    how === 'finished'
      ? 'all of it was there, and is finished now'
      : 'it was rolled back: files, tasks and memory are as they were before it';
  return [
    `The restore ${restoreId}${of} was cut before; ${end}.`,
    ...(left.length === 0
      ? []
      : ['Changed by somebody since, and left so:', ...left.map((path) => `  ${path}`)]),
  ];
}

/** How often a person is told of how it goes on; what is over before is told at its end alone. */
const everyMs = 1_000;

/** What a log, which nobody watches, is told of: how so many files come on. */
const countMin = 1_000;

/** Says every second how far a restore is, until it is disposed of. */
export function restoreProgress(
  out: Output,
): Disposable & { readonly tell: (progress: RestoreProgress) => void } {
  let last: RestoreProgress | undefined;
  let said = '';
  const timer = setInterval(() => {
    if (last === undefined || (last.total < countMin && !out.isTerminal)) return;
    const words = progressWords(last);
    if (words === said) return;
    said = words;
    out.note(words);
  }, everyMs);
  return {
    tell(progress) {
      last = progress;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

const phaseWords: Readonly<Record<RestoreProgress['phase'], string>> = {
  look: 'Looking at what is there',
  save: 'Saving what is there now',
  write: 'Writing files',
  apply: 'Changing files',
  check: 'Checking the result',
  'clean-up': 'Cleaning up',
};

function progressWords({ phase, done, total }: RestoreProgress): string {
  const count = total === 0 ? '…' : `: ${numberWords(done)} of ${numberWords(total)}.`;
  return `${phaseWords[phase]}${count}`;
}
