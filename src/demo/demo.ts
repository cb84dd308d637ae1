import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ProjectHandle, Run } from '../handle.ts';
import type { RecordedTurn } from '../gateway/recorded-turn.ts';
import type { PauseResult } from '../project/pause.ts';
import { showPath } from '../checkpoint/tree.ts';
import { cloneOwnRepository, wreck } from './demo-repository.ts';
import { compareFiles, readAllFiles } from './read-all-files.ts';

export interface DemoPorts {
  readonly createProject: (dir: string, options: { readonly name: string }) => Promise<ProjectHandle>;
  /** A line of the report. */
  readonly say: (line: string) => void;
  /** The package's directory, with `demo/` and, in a checkout, its `.git`. */
  readonly packageDir: string;
  /** A recorded model behind the gateway, for an agent that others wrote. */
  readonly openRecorded: (
    turns: readonly RecordedTurn[],
  ) => Promise<AsyncDisposable & { readonly url: string }>;
  /** Told of the directory that it makes, as soon as it is there. */
  readonly temporary: (dir: string) => void;
}

export interface DemoOptions {
  /** The driver of an agent that others wrote, at work beside the others: `claude`, `codex` … */
  readonly agent?: string;
  /** That agent calls its real provider, which costs money, and not a recorded model. */
  readonly real?: boolean;
  /** `PROVIDER:MODEL` of a real model in place of the recordings. */
  readonly model?: string;
  /** Leave the demo's directory for a look. */
  readonly keep?: boolean;
}

/** Runs the whole loop on a clone of codeframe's own repository. Answers whether every proof held. */
export async function runDemo(ports: DemoPorts, options: DemoOptions = {}): Promise<boolean> {
  const parent = await realpath(await mkdtemp(path.join(tmpdir(), 'codeframe-demo-')));
  ports.temporary(parent);
  const dir = path.join(parent, 'project');
  const dataHome = process.env['CODEFRAME_HOME'];
  process.env['CODEFRAME_HOME'] = path.join(parent, 'home');
  try {
    const source = await cloneOwnRepository(ports.packageDir, dir);
    ports.say(`Cloned ${source} to ${dir}.`);
    await using project = await ports.createProject(dir, { name: 'demo' });
    if (options.agent === undefined || options.real === true)
      return await showLoop(ports, { project, options, recordedUrl: null });
    await using recorded = await ports.openRecorded(guestTurns);
    return await showLoop(ports, { project, options, recordedUrl: recorded.url });
  } finally {
    if (dataHome === undefined) delete process.env['CODEFRAME_HOME'];
    else process.env['CODEFRAME_HOME'] = dataHome;
    if (options.keep === true) ports.say(`Left for a look: ${parent}`);
    else await rm(parent, { recursive: true, force: true });
  }
}

interface Showing {
  readonly project: ProjectHandle;
  readonly options: DemoOptions;
  /** Where the guest's calls go in the place of its provider; null: there is no guest, or it calls that. */
  readonly recordedUrl: string | null;
}

async function showLoop(ports: DemoPorts, showing: Showing): Promise<boolean> {
  const { project, options } = showing;
  const { say } = ports;
  await hire(ports, showing);
  const run = await project.start();
  await untilInTheMiddle(project, options);
  // A guest is paused where it asks its model, and gets there first.
  const graceMs = options.agent === undefined ? 300 : 5000;
  const pause = await project.pause({ reason: 'demo', graceMs });
  tellPause(say, pause);
  const quiet = await provePauseIsQuiet(ports, project);
  await run.ended;

  const before = await readAllFiles(project.dir);
  for (const line of await wreck(project.dir)) say(`  ${line}`);
  const damage = compareFiles(before, await readAllFiles(project.dir));
  say(`Wrecked: ${damage.length} paths are not what they were.`);

  const restore = await project.restore(pause.checkpointId);
  const left = compareFiles(before, await readAllFiles(project.dir));
  const figures = restore.figures;
  say(
    `Restored ${pause.checkpointId} in ${figures?.durationMs ?? '?'} ms: ` +
      `${figures?.added ?? '?'} added, ${figures?.changed ?? '?'} changed, ${figures?.deleted ?? '?'} deleted.`,
  );
  say(
    left.length === 0
      ? `Every byte is back: ${before.size} paths, contents, modes and links compared.`
      : `NOT BACK: ${left.map(showPath).join(', ')}`,
  );
  const finished = await goOn(ports, showing);
  return quiet && damage.length > 0 && left.length === 0 && finished;
}

/** Two model agents and one program, a task each. */
async function hire(ports: DemoPorts, showing: Showing): Promise<void> {
  const { project, options } = showing;
  const recording = (name: string): string =>
    options.model ?? `recorded:${path.join(ports.packageDir, 'demo', `${name}.ndjson`)}`;
  const allow = ['node demo/slow-check.mjs', 'node --version'];
  await project.addAgent({
    name: 'writer',
    role: 'writer',
    driver: 'model',
    settings: { model: recording('writer'), allow },
  });
  await project.addAgent({
    name: 'tester',
    role: 'tester',
    driver: 'model',
    settings: { model: recording('tester'), allow },
  });
  await project.addAgent({
    name: 'counter',
    role: 'a program',
    driver: 'command',
    settings: { command: [process.execPath, 'demo/count-lines.mjs'] },
  });
  await project.addTask({
    agent: 'writer',
    title: 'Write NOTES.md about this repository',
    details:
      'Read README.md and package.json, list src, then write NOTES.md: at most 15 lines on what the project does and how it is laid out.',
  });
  await project.addTask({
    agent: 'tester',
    title: 'Check the package and report',
    details:
      'Read package.json, run `node demo/slow-check.mjs`, then write CHECK.md with what it printed. Change nothing else.',
  });
  await project.addTask({ agent: 'counter', title: 'Count lines into counts.txt' });
  const guest = await hireGuest(showing);
  for (const agent of (await project.status()).agents) {
    const words = agent.name === 'guest' ? guest : (agent.model ?? 'the program demo/count-lines.mjs');
    ports.say(`  agent ${agent.name}: ${words}`);
  }
}

const guestLines = [1, 2, 3, 4, 5, 6];

/** Each line is an effect that must happen once, whatever is paused, wrecked and restored in between. */
const guestTurns: readonly RecordedTurn[] = [
  ...guestLines.map((line) => ({ text: `Line ${line}.`, shell: `sleep 0.2; echo line ${line} >> GUEST.md` })),
  { text: 'GUEST.md has six lines.' },
];

/** Answers what is said of it; nothing without one. */
async function hireGuest({ project, options, recordedUrl }: Showing): Promise<string> {
  if (options.agent === undefined) return '';
  const recorded = recordedUrl === null ? {} : { model: 'recorded:demo', baseUrl: recordedUrl };
  const settings = { allow: ['**'], ...recorded };
  await project.addAgent({ name: 'guest', role: 'guest', driver: options.agent, settings });
  await project.addTask({
    agent: 'guest',
    title: 'Write GUEST.md, a line at a time',
    details:
      'Run six commands, one after the other, each with your shell tool and in a turn of its own: ' +
      '`sleep 0.2; echo line N >> GUEST.md`, with N from 1 to 6. Do not join them. Never append a line that is there.',
  });
  const model = recordedUrl === null ? 'its own provider' : 'a recorded model (no key, no cost)';
  return `${options.agent}, with its calls through the gateway to ${model}`;
}

/** The tester's command is running, the writer has written, the program is counting. */
async function untilInTheMiddle(project: ProjectHandle, options: DemoOptions): Promise<void> {
  const waiting = new Set(['tester runs', 'writer wrote', 'counter runs']);
  if (options.agent !== undefined) waiting.add('guest works');
  let guestCalls = 0;
  const enough = AbortSignal.timeout(options.agent === undefined ? 30_000 : 120_000);
  for await (const event of project.events({ follow: true, signal: enough })) {
    if (event.type !== 'step-started') continue;
    const { agent, name } = event.data as { readonly agent: string; readonly name: string };
    if (agent === 'tester' && name === 'run_command') waiting.delete('tester runs');
    if (agent === 'writer' && name === 'write_file') waiting.delete('writer wrote');
    if (agent === 'counter') waiting.delete('counter runs');
    if (agent === 'guest') guestCalls += 1;
    if (guestCalls > 3) waiting.delete('guest works');
    if (waiting.size === 0) return;
  }
}

function tellPause(say: DemoPorts['say'], pause: PauseResult): void {
  say(`Paused ${pause.agents.length} agents in ${pause.durationMs} ms, in the middle of their steps:`);
  for (const agent of pause.agents) {
    const cut = agent.interruptedStepId === null ? '' : `, step ${agent.interruptedStepId} was cut`;
    say(`  ${agent.name}: ${agent.how}${cut}`);
  }
  say(
    `  tokens ${pause.tokensBefore} -> ${pause.tokensAfter} ` +
      `(${pause.reductionPercentage} % less, ${pause.itemsArchived} items archived, each one recall away)`,
  );
  say(`Checkpoint ${pause.checkpointId}, commit ${pause.commit.slice(0, 12)}: code, database and memory.`);
}

/** Nothing that was running goes on writing: the program wrote every 20 ms. */
async function provePauseIsQuiet(ports: DemoPorts, project: ProjectHandle): Promise<boolean> {
  const before = await readAllFiles(project.dir);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const moved = compareFiles(before, await readAllFiles(project.dir));
  ports.say(
    moved.length === 0
      ? 'Paused means stopped: no file changed in the half second after.'
      : `NOT QUIET: ${moved.join(', ')}`,
  );
  return moved.length === 0;
}

async function goOn(ports: DemoPorts, { project, options }: Showing): Promise<boolean> {
  const run: Run = await project.resume();
  const summary = await run.ended;
  for (const task of await project.tasks()) {
    const words = task.state.kind === 'done' ? task.state.summary : task.state.kind;
    ports.say(`  task ${task.id} ${task.status}: ${task.title}${words === '' ? '' : ` (${words})`}`);
  }
  const status = await project.status();
  ports.say(
    `Resumed and finished: ${summary.done} tasks done, ${summary.failed} failed, ` +
      `${status.tokens.input + status.tokens.output} tokens, $${status.costUsd.toFixed(2)}.`,
  );
  if (options.agent === undefined) return summary.why === 'completed' && summary.done === 3;
  const wanted = guestLines.map((line) => `line ${line}`).join('\n');
  const isRight = (await readFile(path.join(project.dir, 'GUEST.md'), 'utf8')).trim() === wanted;
  ports.say(
    isRight
      ? 'The guest went on in a new process, at the right step: each of its six lines is there once.'
      : 'NOT RIGHT: GUEST.md does not have each of its six lines once.',
  );
  return summary.why === 'completed' && summary.done === 4 && isRight;
}
