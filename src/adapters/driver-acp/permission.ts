import { isYes } from '../../agent/permissions.ts';

/** What a person is asked when an agent wants to run a line that no rule covers. */
export function questionAbout(line: string): string {
  return `May it run \`${line}\`? yes or no, always or never`;
}

/** What a person has answered about a line before, for the same task; null when nobody has been asked. */
export function allowedBefore(
  answers: readonly {
    readonly subject: { readonly kind: string; readonly line?: string };
    readonly answer: string;
  }[],
  line: string,
): 'allow' | 'deny' | null {
  const given = answers.findLast(({ subject }) => subject.kind === 'command' && subject.line === line);
  if (given === undefined) return null;
  return isYes(given.answer) ? 'allow' : 'deny';
}
