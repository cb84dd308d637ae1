import type { Command } from 'commander';
import { CodeframeError } from '../../failure.ts';
import { failureWords, type ExitCode } from '../../failure-words.ts';
import type { Finding } from '../../handle.ts';
import type { CliSession } from '../cli-session.ts';
import { describe, type RunWork } from '../command.ts';
import type { Line, Style } from '../output.ts';
import { countWords } from '../quantity-words.ts';

/** `codeframe doctor` */
export function doctorCommand(run: RunWork): Command {
  return describe({
    name: 'doctor',
    summary: 'Check the project and what it needs.',
    paragraph:
      'Checks git, the config, the database, the checkpoint store, the disk, and what each agent needs to run. It ' +
      'changes nothing. Each problem comes with what to do about it. Ends with 7 when it found a problem, or with the ' +
      'code of the problem that keeps the project from being opened.',
    examples: ['codeframe doctor', 'codeframe doctor --json'],
    exits: [3, 6, 7],
  }).action(
    run(async (session) => {
      const { findings, exitCode } = await examine(session);
      session.out.showEach(findings, () => [...findings.flatMap(findingLines), summary(findings)]);
      return exitCode;
    }),
  );
}

interface Examination {
  readonly findings: readonly Finding[];
  readonly exitCode: ExitCode;
}

async function examine(session: CliSession): Promise<Examination> {
  try {
    await using project = await session.open();
    const findings = await project.doctor();
    return { findings, exitCode: findings.some(({ level }) => level === 'problem') ? 7 : 0 };
  } catch (error) {
    if (!(error instanceof CodeframeError)) throw error;
    const { message, hint, exitCode } = failureWords(error.failure);
    return { findings: [{ level: 'problem', subject: 'project', text: message, hint }], exitCode };
  }
}

const styles: Readonly<Record<Finding['level'], Style>> = { ok: 'green', warning: 'yellow', problem: 'red' };

function findingLines({ level, subject, text, hint }: Finding): readonly Line[] {
  const line: Line = [{ text: level.padEnd(7), style: styles[level] }, `  ${subject}: ${text}`];
  return hint === null ? [line] : [line, `         ${hint}`];
}

function summary(findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  if (count('problem') > 0) return `Found ${countWords(count('problem'), 'problem')}.`;
  return count('warning') > 0 ? `All works; ${countWords(count('warning'), 'warning')}.` : 'All is well.';
}
