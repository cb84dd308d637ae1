import { CodeframeError, type Failure } from '../../failure.ts';
import type { GitOutput } from '../git-process.ts';

type Why = Extract<Failure, { code: 'remote-failed' }>['why'];

/** In this order: ssh says that it could not read from the repository after whatever it was. */
const reasons: readonly (readonly [Why, RegExp])[] = [
  [
    'denied',
    /Authentication failed|Permission denied|could not read (?:Username|Password)|terminal prompts disabled|returned error: 40[13]|Host key verification failed|not allowed to|access denied|dubious ownership/i,
  ],
  [
    'no-repository',
    /does not appear to be a git repository|repository .*not found|returned error: 404|does not exist|not a git repository|transport '.*' not allowed|is not a git command|remote helper/i,
  ],
  [
    'unreachable',
    /Could not resolve|Connection (?:refused|timed out|reset|closed)|Couldn't connect|Failed to connect|unreachable|unable to access|hung up|early EOF|Could not read from remote/i,
  ],
  [
    'refused',
    /\[remote rejected\]|\[rejected\]|pre-receive hook declined|remote unpack failed|No space left/i,
  ],
];

/** What git's words about a remote mean, in one line; passwords in addresses left out. */
export function remoteFailure(
  url: string,
  doing: string,
  output: Pick<GitOutput, 'code' | 'stderr'>,
): CodeframeError {
  const lines = output.stderr.split(/[\r\n]+/).map((line) => withoutPassword(line.trim()));
  const telling = lines.filter(
    (line) =>
      line !== '' &&
      !/\d+%|^(?:To|From) |^(?:hint|remote: (?:Enumerating|Counting|Compressing|Total)|Everything up-to-date)/.test(
        line,
      ),
  );
  const why = reasons.find(([, pattern]) => telling.some((line) => pattern.test(line)))?.[0] ?? 'other';
  const pattern = reasons.find(([name]) => name === why)?.[1];
  const line = telling.find((one) => pattern?.test(one)) ?? telling.at(-1);
  const problem =
    line?.replace(/^(?:fatal|error|remote|!|ssh):? */, '') ?? `git ended with code ${output.code}`;
  return new CodeframeError({ code: 'remote-failed', remote: withoutPassword(url), doing, why, problem });
}

/** `https://name:secret@host/…` without what stands before the `@`. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^\s/@]*@/g, '$1');
}
