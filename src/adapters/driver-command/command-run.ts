import type { AgentRun, Job, RunEnd, StopReport } from '../../agent/driver.ts';
import type { StepRow } from '../../agent/step.ts';
import { CodeframeError } from '../../failure.ts';
import { killMs } from '../../project/pause.ts';
import type { CommandDriverOptions } from './command-driver.ts';
import { judge, stepEndOf, type Verdict } from './ending.ts';
import { commandOf, environmentOf } from './environment.ts';
import { lookBack, wasNotStarted } from './look-back.ts';
import { Program } from './program.ts';

const lookMs = 1000;

/** A program at work on a task. */
export class CommandRun implements AgentRun {
  readonly ended: Promise<RunEnd>;
  readonly #options: CommandDriverOptions;
  readonly #job: Job;
  #askedAt: number | null = null;
  #killed = false;
  #program: Program | null = null;

  constructor(options: CommandDriverOptions, job: Job) {
    this.#options = options;
    this.#job = job;
    this.ended = this.#work().catch((error: unknown) => this.#giveUp(error));
  }

  finishStep(): void {
    if (this.#askedAt === null) this.cut();
  }

  cut(): void {
    this.#askedAt ??= this.#options.clock.elapsed();
    const program = this.#program;
    // What it leaves behind when it ends is known by having been seen.
    void this.#look().then(() => program?.signal('SIGTERM'));
  }

  async kill(): Promise<void> {
    this.#askedAt ??= this.#options.clock.elapsed();
    this.#killed = true;
    // Not by its group first: with the program gone, those of its children that left the group would be lost.
    const left = await this.#killMarked();
    if (left.length === 0) return;
    const problem = `processes of agent ${this.#job.agent.name} do not end: ${left.join(', ')}`;
    throw new CodeframeError({ code: 'unfinished-work', problem, next: `kill -9 ${left.join(' ')}` });
  }

  async #work(): Promise<RunEnd> {
    const before = await lookBack(this.#job);
    if (before.kind === 'end') return before.end;
    if (this.#askedAt !== null) return this.#stopped('between-steps', null);
    const step = await this.#begin(before.repeats);
    if (this.#askedAt === null) return this.#run(step);
    const outcome = { summary: wasNotStarted, isError: true };
    await this.#job.session.endStep(step, { status: 'interrupted', outcome });
    return this.#stopped('between-steps', null);
  }

  #begin(repeats: string | null): Promise<StepRow> {
    const { agent, session } = this.#job;
    const command = commandOf(this.#job);
    return session.beginStep({
      kind: 'run',
      name: command[0],
      effect: agent.settings.once === true ? 'unsafe' : 'idempotent',
      intent: { summary: command.join(' ').slice(0, 200), input: { command: agent.settings.command } },
      ...(repeats !== null && { repeats }),
    });
  }

  async #run(step: StepRow): Promise<RunEnd> {
    const { clock, env, openOutput } = this.#options;
    const { agent, task } = this.#job;
    const output = openOutput(agent.name);
    output.write(`--- task ${task.id}: ${task.title} (step ${step.id})\n`);
    const program = new Program({
      command: commandOf(this.#job),
      dir: this.#job.projectDir,
      env: environmentOf(env, this.#job, step.repeats),
      output,
      clock,
    });
    this.#program = program;
    const watching = new AbortController();
    const watched = this.#watch(watching.signal);
    const exit = await program.exited;
    watching.abort();
    await watched;
    const told = { asked: this.#askedAt !== null, killed: this.#killed };
    await this.#killLeftovers();
    await program.drain();
    output.close();
    const said = program.said.lastLines(1)[0] ?? null;
    const lastLines = program.tail.lastLines(3);
    const verdict = judge({ program: step.name, title: task.title, exit, said, lastLines, ...told });
    await this.#job.session.endStep(step, stepEndOf(verdict, program.tail.text()));
    return this.#endOf(verdict, step);
  }

  /** See `Processes`: only what was seen is found when it has cut all ties. */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await this.#options.clock.sleep(lookMs, signal);
    }
  }

  async #look(): Promise<void> {
    const { processes, log } = this.#options;
    await processes.marked(this.#job.marker).catch((error: unknown) => {
      log.error({ err: error, agent: this.#job.agent.name }, 'cannot look for the processes of an agent');
    });
  }

  #endOf(verdict: Verdict, step: StepRow): RunEnd {
    return verdict.kind === 'stopped' ? this.#stopped(verdict.how, step.id) : verdict;
  }

  #stopped(how: StopReport['how'], interruptedStepId: string | null): RunEnd {
    const { clock } = this.#options;
    const durationMs = Math.round(clock.elapsed() - (this.#askedAt ?? clock.elapsed()));
    return { kind: 'stopped', report: { how, interruptedStepId, durationMs } };
  }

  /** A program that has ended is done; what it left running would go on writing behind everybody's back (P1). */
  async #killLeftovers(): Promise<void> {
    const { processes, log } = this.#options;
    const { agent, task, marker } = this.#job;
    const found = await processes.marked(marker);
    if (found.length === 0) return;
    log.info(
      { agent: agent.name, taskId: task.id, processes: found },
      'the program left processes: killing them',
    );
    const left = await this.#killMarked();
    if (left.length > 0) log.error({ agent: agent.name, left }, 'processes that a program left do not end');
  }

  async #killMarked(): Promise<readonly number[]> {
    const { left } = await this.#options.processes.killMarked(this.#job.marker, killMs);
    return left;
  }

  /** The store does not take it any more (the owner is stale, the disk is full), so nothing may go on. */
  async #giveUp(error: unknown): Promise<RunEnd> {
    const { log } = this.#options;
    const agent = this.#job.agent.name;
    log.error({ err: error, agent }, 'the run of a program broke');
    await this.kill().catch((second: unknown) => log.error({ err: second, agent }, 'its processes are left'));
    return { kind: 'failed', problem: error instanceof Error ? error.message : String(error) };
  }
}
