import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program as users start it; `npm run build` has made what it loads. */
export const binPath = findBin(dirname(fileURLToPath(import.meta.url)));

/** Upwards, for this file may be bundled into a script elsewhere in the repository. */
function findBin(from: string): string {
  const bin = join(from, 'bin', 'codeframe');
  return existsSync(bin) || dirname(from) === from ? bin : findBin(dirname(from));
}

export interface CliOptions {
  readonly cwd: string;
  /** CODEFRAME_HOME: never the one of the person who runs the tests. */
  readonly home: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface CliResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
}

/** Runs `codeframe ARGS` to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return runToEnd([process.execPath, binPath, ...args], options);
}

/** Runs a line of shell in which `codeframe` is the program under test. */
export function runShell(line: string, options: CliOptions): Promise<CliResult> {
  return runToEnd(['/bin/sh', '-c', line], options);
}

/** Starts `codeframe ARGS` and leaves it running: for tests that talk to it by signals. */
export function spawnCli(args: readonly string[], options: CliOptions): ReturnType<typeof spawn> {
  return spawn(process.execPath, [binPath, ...args], {
    cwd: options.cwd,
    env: cliEnvironment(options),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** A directory for a project and one for codeframe's data, both gone when disposed. */
export interface Workplace extends AsyncDisposable {
  readonly dir: string;
  readonly home: string;
}

export async function makeWorkplace(): Promise<Workplace> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'codeframe-cli-')));
  const [dir, home] = [join(root, 'project'), join(root, 'data')];
  await mkdir(dir);
  return { dir, home, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

/** The test's own environment without what would reach into it: keys, git's variables, colours. */
export function cliEnvironment({ home, env }: CliOptions): Record<string, string> {
  const kept = ['PATH', 'LANG', 'LC_ALL', 'TMPDIR', 'USER', 'LOGNAME'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const own = { CODEFRAME_HOME: home, HOME: `${home}-user`, NO_COLOR: '1', TZ: 'UTC' };
  const path = [dirname(binPath), process.env['PATH'] ?? ''].join(delimiter);
  return { ...Object.fromEntries(kept), ...own, PATH: path, ...env };
}

async function runToEnd(command: readonly string[], options: CliOptions): Promise<CliResult> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: options.cwd, env: cliEnvironment(options), stdio: 'pipe' });
  // A program that ends without reading its input is not this test's failure.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { stdout: stdout(), stderr: stderr(), exitCode };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** Puts stable words in the place of what is another at every run; equal things get equal words. */
export function makeNormaliser(place: {
  readonly dir: string;
  readonly home: string;
}): (text: string) => string {
  const seen = new Map<string, string>();
  const counts = new Map<string, number>();
  const name = (kind: string, value: string): string => {
    const known = seen.get(`${kind} ${value}`);
    if (known !== undefined) return known;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    seen.set(`${kind} ${value}`, `<${kind} ${count}>`);
    return `<${kind} ${count}>`;
  };
  const rules = normalRules(place, name);
  return (text) => rules.reduce((done, [pattern, replace]) => done.replaceAll(pattern, replace), text);
}

type Rule = readonly [RegExp, (match: string, ...groups: string[]) => string];

const idKinds: Readonly<Record<string, string>> = {
  p: 'project',
  c: 'checkpoint',
  z: 'pause',
  r: 'restore',
  b: 'blocker',
  s: 'step',
  i: 'item',
  a: 'archive',
  e: 'event',
  m: 'merge',
  o: 'owner',
};

function normalRules(
  { dir, home }: { readonly dir: string; readonly home: string },
  name: (kind: string, value: string) => string,
): readonly Rule[] {
  const literal = (text: string): RegExp => new RegExp(escapePattern(text), 'g');
  return [
    [literal(home), () => '<home>'],
    [literal(dir), () => '<dir>'],
    [literal(process.execPath), () => '<node>'],
    [/\b[0-9a-f]{64}\b/g, () => '<sha256>'],
    [/\b[0-9a-f]{40}\b/g, (hash) => name('commit', hash.slice(0, 12))],
    [/\b[0-9a-f]{12}\b/g, (hash) => name('commit', hash)],
    [
      new RegExp(`\\b([${Object.keys(idKinds).join('')}])[0-9abcdefghjkmnpqrstvwxyz]{12}\\b`, 'g'),
      (id, letter = '') => name(idKinds[letter] ?? 'id', id),
    ],
    [/(?<=\[archived |--id |Piece |"archiveId":")[0-9a-z]{5,9}(?:-\d+)?\b/g, (id) => name('piece', id)],
    [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\b/g, () => '<time>'],
    [/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, () => '<time>'],
    [/("(?:\w*[aA]t|since|sinceMs)"):\d{13}/g, (_, key = '') => `${key}:<time>`],
    [/("(?:\w*Ms|stop|flashSave|checkpoint)"):\d+/g, (_, key = '') => `${key}:<ms>`],
    [/\b\d+(?:\.\d+)? (?:ms|s|min|h|d)\b(?: \d+ (?:s|min|h)\b)?/g, () => '<duration>'],
    // Newer versions of Node say where JSON is wrong in one more way.
    [/ \(line \d+ column \d+\)/g, () => ''],
    [/\bpid \d+/g, () => 'pid <pid>'],
    [/"pid":\d+/g, () => '"pid":<pid>'],
    [/#\d{2,7}\b(?! )/g, () => '#<pid>'],
    // Only where a host is meant: it may be named `localhost`, or `a`.
    [/(?<=cli:)[^@ ]+(?=@)/g, () => '<user>'],
    [new RegExp(`(?<=[^ ]@|<pid> on )${escapePattern(hostname())}(?![\\w.-])`, 'g'), () => '<host>'],
  ];
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
