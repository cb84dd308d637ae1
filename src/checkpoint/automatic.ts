import { fitsGlob } from './glob.ts';
import { isLedgerPart } from './ledger-log.ts';
import type { RetentionRules } from './retention.ts';

/** What is done about checkpoints without being asked; from the config. */
export interface CheckpointSettings {
  /** How long after one the next is taken while agents work; null: never by time. */
  readonly everyMs: number | null;
  /** When a task is done. */
  readonly afterTask: boolean;
  /** Before a model agent runs a command that fits one of these. */
  readonly beforeCommands: readonly string[];
  /** Applied after each checkpoint; null: nothing is deleted without being asked. */
  readonly cleanup: RetentionRules | null;
  /** How long a deleted checkpoint can be undeleted. */
  readonly reclaimAfterMs: number;
  /** How long a restore can be undone for sure: as long nothing that its undo needs is deleted. */
  readonly undoForMs: number;
  /** From how many bytes of the store on a warning is given. */
  readonly warnBytes: number;
}

export const defaultCheckpointSettings: CheckpointSettings = {
  everyMs: 10 * 60_000,
  afterTask: true,
  beforeCommands: [
    'git reset*',
    'git clean*',
    'git checkout*',
    'git restore*',
    'git switch*',
    'git rebase*',
    'git stash*',
    'rm -r*',
    'rm -f*',
    'rm *-r*',
    'find *-delete*',
    'mv *',
    'truncate *',
    'dd *',
    'shred *',
  ],
  cleanup: null,
  reclaimAfterMs: 7 * 24 * 3_600_000,
  undoForMs: 90 * 24 * 3_600_000,
  warnBytes: 5_000_000_000,
};

/**
 * Whether a command line may destroy work: one of the commands that it is made of fits a pattern. Looks behind `;`, `&&`,
 * `|`, brackets, `sudo`, `env`, variables, `sh -c` and quotes; it can be fooled, so it is a help and not a guard.
 */
export function isRisky(patterns: readonly string[], line: string): boolean {
  const commands = [line, ...line.split(/[;&|\n`(){}"']+/)].map(bareCommand);
  return commands.some((command) => patterns.some((pattern) => fitsGlob(pattern, command)));
}

function bareCommand(text: string): string {
  return text
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replace(/^(?:(?:sudo|env|command|exec|nohup|time|xargs|then|do|else)(?: -\S+)* |\w+=\S* )+/, '')
    .replace(/^\S*\/(?=[\w.-]+(?: |$))/, '');
}

/** What a checkpoint before a command must differ in from the one before: the files. Memory changes with every step. */
export function isFilePart(part: string): boolean {
  return part === 'code' || part.startsWith('git/');
}

/** What any other automatic checkpoint must differ in: all that goes back with a restore. */
export function isRestoredPart(part: string): boolean {
  return !isLedgerPart(part);
}
