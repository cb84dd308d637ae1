import { CodeframeError } from '../failure.ts';

const nameMax = 100;

/**
 * Refuses a name by which `codeframe restore NAME` could not find the checkpoint again: it has to be one plain word of a
 * command line, and not one that means something else there. Throws `invalid-argument`.
 */
export function checkCheckpointName(name: string): void {
  const problem = problemOf(name);
  if (problem !== null) throw new CodeframeError({ code: 'invalid-argument', argument: '--name', problem });
}

function problemOf(name: string): string | null {
  if (name.trim() === '') return 'a name has to have characters in it';
  if (name.length > nameMax) return `a name has at most ${nameMax} characters`;
  if (name === 'latest') return 'latest always means the newest checkpoint';
  if (name.startsWith('-')) return 'a name does not begin with a dash';
  return /\p{C}/u.test(name) ? 'a name is one line of characters that can be printed' : null;
}
