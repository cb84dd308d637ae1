import type { Command } from 'commander';
import { CodeframeError } from '../../failure.ts';
import type { ExitCode } from '../../exit-codes.ts';
import { failureWords } from '../../failure-words.ts';
import type { Finding } from '../../handle.ts';
import type { CliSession } from '../cli-session.ts';
import { describe, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';
import type { Line, Style } from '../output.ts';
import { countWords } from '../quantity-words.ts';

interface DoctorFlags {
  readonly repair?: boolean;
}

/** `codeframe doctor` */
export function doctorCommand(run: RunWork): Command {
  return describe({
    name: 'doctor',
    summary: 'Check the project and what it needs, and repair it.',
    paragraph:
      'Checks the database, the checkpoint store with every object in it, the list of checkpoints against it, journals, ' +
      'the owner, what killed processes left, and what each agent needs to run. Each problem comes with what to do about ' +
      'it. It changes nothing, but with --repair: then a database that is missing or damaged is made anew from the newest ' +
      'whole checkpoint (the damaged one is kept in backups/), checkpoints that are not in the list are put there, and what ' +
      'a dead owner left is put right; nothing of yours is deleted. Ends with 7 when a problem is left, or with the code ' +
      'of the problem that keeps the project from being opened.',
    examples: ['codeframe doctor', 'codeframe doctor --repair'],
    exits: [3, 6, 7],
  })
    .option('--repair', 'put right what can be')
    .action(
      run(async (session, flags: DoctorFlags) => {
        const { findings, exitCode } = await uninterruptedIf(flags, session, () => examine(session, flags));
        session.out.showEach(findings, () => [...findings.flatMap(findingLines), summary(findings)]);
        return exitCode;
      }),
    );
}

interface Examination {
  readonly findings: readonly Finding[];
  readonly exitCode: ExitCode;
}

function uninterruptedIf<T>(flags: DoctorFlags, session: CliSession, work: () => Promise<T>): Promise<T> {
  if (flags.repair !== true) return work();
  return uninterrupted(
    session.out,
    'The repair is finished first; killed, it is done when it is run again.',
    work,
  );
}

async function examine(session: CliSession, { repair = false }: DoctorFlags): Promise<Examination> {
  const before: Finding[] = [];
  try {
    if (repair) before.push(...(await session.repairDatabase()));
    await using project = await session.open();
    const findings = [...before, ...(await project.doctor({ repair }))];
    return { findings, exitCode: findings.some(({ level }) => level === 'problem') ? 7 : 0 };
  } catch (error) {
    if (!(error instanceof CodeframeError)) throw error;
    const { message, hint, exitCode } = failureWords(error.failure);
    return { findings: [...before, { level: 'problem', subject: 'project', text: message, hint }], exitCode };
  }
}

const styles: Readonly<Record<Finding['level'], Style>> = {
  ok: 'green',
  warning: 'yellow',
  problem: 'red',
  repaired: 'bold',
};

function findingLines({ level, subject, text, hint }: Finding): readonly Line[] {
  const line: Line = [{ text: level.padEnd(8), style: styles[level] }, ` ${subject}: ${text}`];
  return hint === null ? [line] : [line, `         ${hint}`];
}

function summary(findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  const done = count('repaired') === 0 ? '' : `Repaired ${countWords(count('repaired'), 'thing')}. `;
  if (count('problem') > 0) return `${done}Found ${countWords(count('problem'), 'problem')}.`;
  return (
    done + (count('warning') > 0 ? `All works; ${countWords(count('warning'), 'warning')}.` : 'All is well.')
  );
}
