import type { Command } from 'commander';
import type { EventRow } from '../../event/event.ts';
import type { ProjectHandle } from '../../handle.ts';
import { parseSeq } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { eventWords } from '../event-words.ts';
import { untilInterrupted } from '../interrupt.ts';
import type { Line, Output } from '../output.ts';
import { timeWords } from '../quantity-words.ts';

interface EventsFlags {
  readonly follow?: boolean;
  readonly after: number;
}

/** `codeframe events` */
export function eventsCommand(run: RunWork): Command {
  return describe({
    name: 'events',
    summary: 'Print what has happened in the project.',
    paragraph:
      'Prints every event, oldest first: its number, time, who, and what. Numbers have no gaps, so that a reader that ' +
      'was cut goes on with --after and misses nothing. With --follow it waits for more.',
    examples: ['codeframe events --follow', 'codeframe events --after 120 --json'],
    exits: [...projectExits, 130],
  })
    .option('--follow', 'go on until Ctrl-C')
    .option('--after <seq>', 'only events after this number', (text) => parseSeq(text, '--after'), 0)
    .action(
      run(async (session, flags: EventsFlags) => {
        await using project = await session.open();
        return await untilInterrupted(session.out, (signal) =>
          print(session.out, project, { ...flags, signal }),
        );
      }),
    );
}

async function print(
  out: Output,
  project: ProjectHandle,
  flags: EventsFlags & { readonly signal: AbortSignal },
): Promise<void> {
  const { after: afterSeq, follow = false, signal } = flags;
  for await (const event of project.events({ afterSeq, follow, signal })) {
    if (signal.aborted) return;
    out.show(event, () => [eventLine(event)]);
  }
}

function eventLine(event: EventRow): Line {
  return [
    { text: `${String(event.seq).padStart(5)}  ${timeWords(event.at)}  `, style: 'dim' },
    `${eventWords(event)}`,
    { text: `  (${event.actor})`, style: 'dim' },
  ];
}
