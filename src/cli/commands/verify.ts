import type { Command } from 'commander';
import type { CheckedCheckpoint } from '../../checkpoint/verify-checkpoints.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import type { Line } from '../output.ts';
import { countWords, durationWords } from '../quantity-words.ts';

interface VerifyFlags {
  readonly drill?: boolean;
}

/** `codeframe verify [ID]` */
export function verifyCommand(run: RunWork): Command {
  return describe({
    name: 'verify',
    summary: 'Check that checkpoints can be restored.',
    paragraph:
      'Reads every object of a checkpoint (of all checkpoints when no id is given) and compares its hash, the manifest, ' +
      'the files, the rows and the list with each other. With --drill each checkpoint is also restored into a temporary ' +
      'directory (under TMPDIR) and compared byte for byte, with modes and links, and its rows are loaded into an empty ' +
      'database. It changes nothing. Ends with 6 when one is damaged.',
    examples: ['codeframe verify', 'codeframe verify latest --drill'],
    exits: projectExits,
  })
    .argument('[id]', 'id, start of an id, name, or latest')
    .option('--drill', 'also restore into a temporary directory and compare byte for byte')
    .action(
      run(async (session, id: string | undefined, flags: VerifyFlags) => {
        await using project = await session.open();
        const { out } = session;
        const checked = await project.verify({
          ...flags,
          ...(id === undefined ? {} : { id }),
          onProgress: (one, done, of) => out.note(progressLine(one, done, of)),
        });
        out.showEach(checked, () => summary(checked));
        return checked.every(({ whole }) => whole) ? 0 : 6;
      }),
    );
}

function progressLine(one: CheckedCheckpoint, done: number, of: number): Line {
  const count = `${done} of ${of}  `;
  if (one.problem !== null) return [count, { text: 'damaged', style: 'red' }, `  ${one.problem.text}`];
  const figures = `${countWords(one.files, 'file')}, ${countWords(one.rows, 'row')}, ${countWords(one.objects, 'object')}`;
  const unlisted = one.unlisted ? '; it is not in the list: codeframe doctor --repair' : '';
  return [
    count,
    { text: 'whole', style: 'green' },
    `    ${one.id}: ${figures}${one.drilled ? ', restored and compared' : ''}; it took ${durationWords(one.durationMs)}${unlisted}`,
  ];
}

function summary(checked: readonly CheckedCheckpoint[]): readonly Line[] {
  if (checked.length === 0) return ['There are no checkpoints yet: codeframe checkpoint create'];
  const damaged = checked.filter(({ whole }) => !whole);
  const whole = checked.length - damaged.length;
  const first = `Whole: ${whole} of ${countWords(checked.length, 'checkpoint')}.`;
  if (damaged.length === 0) return [first];
  return [
    first,
    ...damaged.map(({ id, problem }) => `  ${id} is damaged in ${problem?.part ?? 'all'}`),
    'Those cannot be restored whole; `codeframe checkpoint pull REMOTE` brings back what was pushed.',
  ];
}
