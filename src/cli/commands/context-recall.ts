import type { Command } from 'commander';
import type { RecallQuery } from '../../context/recall.ts';
import { invalid, parseBudget } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { recalledLines } from '../context-words.ts';

interface RecallFlags {
  readonly id?: string;
  readonly agent?: string;
  readonly budget?: number;
}

/** `codeframe context recall QUERY | --id ID` */
export function contextRecallCommand(run: RunWork): Command {
  return describe({
    name: 'context recall',
    summary: 'Bring back archived memory, by words or by id.',
    paragraph:
      'Shows the archived pieces that fit the words best, within a budget of tokens, or the one piece with an id, byte for byte. ' +
      "What is shown whole stands in its agent's prompt again, and its item is HOT.",
    examples: ['codeframe context recall "parser error E42"', 'codeframe context recall --id k3x9q2a'],
    exits: projectExits,
  })
    .argument('[query]', 'words that the pieces contain')
    .option('--id <id>', 'the id that a stub names')
    .option('--agent <name>', "of one agent's memory")
    .option(
      '--budget <tokens>',
      'how many tokens the answer may have; 2000 for words, no limit for an id',
      (text) => parseBudget(text, '--budget'),
    )
    .action(
      run(async (session, text: string | undefined, flags: RecallFlags) => {
        const query = queryOf(text, flags);
        await using project = await session.open();
        const pieces = await project.recall(query);
        session.out.showEach(pieces, () => recalledLines(pieces));
      }),
    );
}

const wordsBudget = 2000;

function queryOf(text: string | undefined, flags: RecallFlags): RecallQuery {
  const { id, agent, budget } = flags;
  const of = agent === undefined ? {} : { agent };
  if ((text === undefined) === (id === undefined)) throw invalid('QUERY', 'give either words or --id');
  if (id !== undefined) return { ...of, id, ...(budget === undefined ? {} : { budget }) };
  return { ...of, text: text ?? '', budget: budget ?? wordsBudget };
}
