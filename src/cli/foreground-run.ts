import type { ProjectHandle, Run, RunSummary } from '../handle.ts';
import { CodeframeError } from '../failure.ts';
import type { ExitCode } from '../exit-codes.ts';
import { failureWords } from '../failure-words.ts';
import type { CliSession } from './cli-session.ts';
import { eventWords, isProgress } from './event-words.ts';
import { onInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';
import { tellPermissions } from './permission-words.ts';
import { exitCodeOf, summaryLines } from './run-words.ts';

export interface RunFlags {
  readonly allow: readonly string[];
  readonly detach?: boolean;
  /** False: only the summary at the end. */
  readonly progress: boolean;
}

export type RunVerb = 'start' | 'resume';

/** Runs the agents in this process until their work ends, shows what they do, and answers the exit code. */
export async function runInForeground(
  session: CliSession,
  verb: RunVerb,
  flags: RunFlags,
): Promise<ExitCode> {
  await using project = await session.open();
  const { lastSeq } = await project.status();
  await tellPermissions(session.out, project);
  using stopper = new Stopper(session.out, project);
  const run = await project[verb]({ allow: flags.allow });
  stopper.runs();
  const summary = flags.progress
    ? await showUntilEnd({ out: session.out, project, run, afterSeq: lastSeq })
    : await run.ended;
  const lines = await summaryLines(project, summary);
  session.out.show({ summary }, () => lines);
  return stopper.asked && summary.why === 'asked' ? 130 : exitCodeOf(summary);
}

interface Shown {
  readonly out: Output;
  readonly project: ProjectHandle;
  readonly run: Run;
  readonly afterSeq: number;
}

async function showUntilEnd({ out, project, run, afterSeq }: Shown): Promise<RunSummary> {
  const controller = new AbortController();
  const ended = run.ended.finally(() => controller.abort());
  const following = showEvents(out, project.events({ afterSeq, follow: true, signal: controller.signal }));
  const [summary, lastSeq] = await Promise.all([ended, following]);
  await showEvents(out, project.events({ afterSeq: Math.max(lastSeq, afterSeq) }));
  return summary;
}

/** Shows what comes and answers the number of the last one; 0 when none came. */
async function showEvents(out: Output, events: ReturnType<ProjectHandle['events']>): Promise<number> {
  let seq = 0;
  for await (const event of events) {
    seq = event.seq;
    if (out.json || isProgress(event)) out.tell(event, () => [eventWords(event)]);
  }
  return seq;
}

/** Ctrl-C: the first stops after the step in hand, the second cuts it. Also before the run has begun. */
class Stopper implements Disposable {
  readonly #out: Output;
  readonly #project: ProjectHandle;
  readonly #interrupt: Disposable;
  #count = 0;
  #running = false;

  constructor(out: Output, project: ProjectHandle) {
    this.#out = out;
    this.#project = project;
    this.#interrupt = onInterrupt(() => this.#press());
  }

  get asked(): boolean {
    return this.#count > 0;
  }

  runs(): void {
    this.#running = true;
    if (this.#count > 0) this.#stop();
  }

  [Symbol.dispose](): void {
    this.#interrupt[Symbol.dispose]();
  }

  #press(): void {
    this.#count += 1;
    if (this.#count === 1) this.#out.note('Stopping. Press Ctrl-C again to cut.');
    if (this.#count === 2) this.#out.note('Cutting.');
    if (this.#running && this.#count <= 2) this.#stop();
  }

  #stop(): void {
    const options = this.#count > 1 ? { graceMs: 0 } : {};
    // A pause from another terminal may have come first: the run ends all the same, and this says why it ends so.
    this.#project.stop(options).catch((error: unknown) => this.#out.note(problemWords(error)));
  }
}

function problemWords(error: unknown): string {
  if (error instanceof CodeframeError) return failureWords(error.failure).message;
  return String(error);
}
