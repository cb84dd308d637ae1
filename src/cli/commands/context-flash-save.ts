import type { Command } from 'commander';
import { parseShare } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { savedLines } from '../context-words.ts';
import { uninterrupted } from '../interrupt.ts';

interface SaveFlags {
  readonly agent?: string;
  readonly target?: number;
}

/** `codeframe context flash-save` */
export function contextFlashSaveCommand(run: RunWork): Command {
  return describe({
    name: 'context flash-save',
    summary: 'Archive what the agents can do without, now.',
    paragraph:
      'Frees about the given share of each prompt. What leaves is written down first, read back and compared; a stub with the ' +
      "id that recalls it stands in its place. A pause does the same, and so does a prompt that nears its model's window. " +
      'Refused while a runner owns the project.',
    examples: ['codeframe context flash-save', 'codeframe context flash-save --agent writer --target 0.3'],
    exits: projectExits,
  })
    .option('--agent <name>', 'of one agent')
    .option(
      '--target <share>',
      'share of the tokens to archive, 0 to 1; as the settings say, or 0.4',
      (text) => parseShare(text, '--target'),
    )
    .action(
      run(async (session, flags: SaveFlags) => {
        await using project = await session.open();
        const saved = await uninterrupted(session.out, 'The flash save is finished first; it is short.', () =>
          project.flashSave(flags),
        );
        session.out.showEach(saved, () => savedLines(saved));
      }),
    );
}
