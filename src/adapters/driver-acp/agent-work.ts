import type { AgentRun, Job, RunEnd, StopReport } from '../../agent/driver.ts';
import { firstPrompt } from '../../agent/first-prompt.ts';
import type { HomeRow } from '../../agent/home.ts';
import { CodeframeError } from '../../failure.ts';
import type { GatewayLine } from '../../gateway/gateway.ts';
import type { Output } from '../../log.ts';
import { problemOf } from '../../problem-of.ts';
import { killMs } from '../../project/pause.ts';
import { AcpClient, type Decision, type Wish } from './acp-client.ts';
import { AgentProblem, type AgentClient, type TurnEnd } from './agent-client.ts';
import { homeOf, type AgentDriverOptions } from './agent-options.ts';
import { AgentSeat } from './agent-seat.ts';
import { providersOf } from './choose-model.ts';
import { HeadlessClient } from './headless-client.ts';
import { OwnHome } from './own-home.ts';
import { leftBy, summaryOf, type TurnLeft } from './turn-left.ts';
import { allowedBefore, questionAbout } from './permission.ts';
import type { Quirk, Seat } from './quirk.ts';
import { hasSessionFile } from './session-places.ts';

/** How often it is looked whether the agent waits at the gateway. */
const pollMs = 10;
/** An agent whose turn has ended gets this long to end by itself, when its input ends: it may write its session then. */
const leaveMs = 300;
/** After SIGTERM: this long until SIGKILL to all that carries the marker. */
const terminateMs = 1000;
/** While a question about a permission waits for a person, what else the agent does may end within this. */
const besidesMs = 10_000;
/** How often what carries the marker is looked at: only what was seen is found when it has cut all ties. */
const lookMs = 1000;

/** An agent that others wrote, at work on a task. */
export class AgentWork implements AgentRun {
  readonly ended: Promise<RunEnd>;
  readonly #options: AgentDriverOptions;
  readonly #quirk: Quirk;
  readonly #job: Job;
  readonly #over = new AbortController();
  /** Aborted when the agent is to end now. */
  readonly #leave = new AbortController();
  #askedAt: number | null = null;
  #how: StopReport['how'] = 'between-steps';
  #line: GatewayLine | null = null;
  #client: AgentClient | null = null;
  #blocker: string | null = null;
  /** What was under way when it was told to end. */
  #left: TurnLeft = 'held';

  constructor(options: AgentDriverOptions, quirk: Quirk, job: Job) {
    this.#options = options;
    this.#quirk = quirk;
    this.#job = job;
    this.ended = this.#work()
      .catch((error: unknown) => this.#giveUp(error))
      .finally(() => this.#over.abort());
  }

  finishStep(): void {
    if (this.#askedAt !== null) return;
    this.#askedAt = this.#options.clock.elapsed();
    const line = this.#line;
    if (line === null || this.#client === null) return this.#stopNow('between-steps');
    const isBetween = line.inFlight() === 0 && line.held() > 0;
    line.hold();
    void this.#untilHeld(line).then(
      (held) => held && this.#stopNow(isBetween ? 'between-steps' : 'finished-step'),
    );
  }

  cut(): void {
    this.#askedAt ??= this.#options.clock.elapsed();
    if (this.#leave.signal.aborted) return;
    // Before it is told anything: afterwards nothing is under way any more.
    this.#stopNow('cut');
    this.#client?.cancel();
    this.#line?.cut();
  }

  async kill(): Promise<void> {
    this.#askedAt ??= this.#options.clock.elapsed();
    if (!this.#leave.signal.aborted) this.#stopNow('killed');
    const left = await this.#killMarked();
    if (left.length === 0) return;
    const problem = `processes of agent ${this.#job.agent.name} do not end: ${left.join(', ')}`;
    throw new CodeframeError({ code: 'unfinished-work', problem, next: `kill -9 ${left.join(' ')}` });
  }

  #stopNow(how: StopReport['how']): void {
    if (this.#leave.signal.aborted) return;
    this.#how = how;
    this.#left = leftBy(this.#line, this.#client);
    this.#leave.abort();
  }

  /** True when its model call waits, or its question, and nothing else of it runs: nothing is half done. */
  async #untilHeld(line: GatewayLine, enough?: AbortSignal): Promise<boolean> {
    while (!this.#over.signal.aborted && !this.#leave.signal.aborted && enough?.aborted !== true) {
      const left = leftBy(line, this.#client);
      if (left === 'held' || left === 'asking') return true;
      await this.#options.clock.sleep(pollMs, this.#over.signal);
    }
    return false;
  }

  async #work(): Promise<RunEnd> {
    const { session, agent } = this.#job;
    const home = await session.home();
    if (this.#askedAt !== null) return this.#stopped();
    const found = AgentSeat.find(this.#options, this.#quirk, agent);
    await using line = await this.#openLine();
    const output = this.#options.openOutput(agent.name);
    output.write(`--- task ${this.#job.task.id}: ${this.#job.task.title}\n`);
    try {
      const seat = found.seatAt(this.#place(), line, homeOf(this.#options, agent.name));
      await this.#prepareHome(seat, home);
      if (this.#askedAt !== null) return this.#stopped();
      const client = this.#talk(found, seat, output);
      this.#client = client;
      void this.#watch();
      return await this.#converse(client, line, home);
    } finally {
      await this.#killLeftovers();
      this.#client?.close();
      output.close();
    }
  }

  /** The options with the directory in which this agent works, which may be a worktree. */
  #place(): AgentDriverOptions {
    return { ...this.#options, projectDir: this.#job.projectDir };
  }

  async #openLine(): Promise<GatewayLine> {
    const { session, agent } = this.#job;
    const gateway = await this.#options.gateway();
    const providers = providersOf(this.#quirk, agent.settings);
    this.#line = await gateway.open({ agent: agent.name, session, providers });
    return this.#line;
  }

  /** With the session files that a restore wants, or that somebody took away. */
  async #prepareHome(seat: Seat, row: HomeRow | null): Promise<void> {
    const { agent, session } = this.#job;
    const home = new OwnHome({ dir: seat.home, quirk: this.#quirk, userHome: this.#options.userHome });
    const isGone = row !== null && row.sessionId !== null && !home.exists();
    if (row !== null && (row.fromId !== null || isGone)) {
      home.putSession(await this.#options.savedSession(agent.name, row.fromId));
      await session.keepHome({ fromId: null });
    }
    home.prepare(seat);
  }

  #talk(found: AgentSeat, seat: Seat, output: Output): AgentClient {
    const { clock } = this.#options;
    const { projectDir } = this.#job;
    const env = found.environment(this.#place(), seat, this.#job.marker);
    const command = { file: found.start.file, dir: projectDir, env, output };
    const { acp, headless, sessionFiles } = this.#quirk;
    if (found.start.kind === 'acp')
      return new AcpClient({
        command: {
          ...command,
          args: [...found.start.args, ...((seat.allowAll ? acp?.allowAllArgs : undefined) ?? [])],
        },
        clock,
        projectDir,
        mcpUrl: seat.mcpUrl,
        toolsCommand: this.#options.toolsCommand,
        mode: seat.allowAll ? (acp?.allowAllMode ?? null) : null,
        mayDo: (wish) => this.#mayDo(wish),
      });
    if (headless === null) throw new Error(`${this.#quirk.name} has no command line of its own`);
    return new HeadlessClient({
      quirk: headless,
      seat,
      command,
      hasSession: (id) => hasSessionFile(seat.home, sessionFiles, id),
      onSession: (sessionId) => this.#job.session.keepHome({ sessionId }),
    });
  }

  async #converse(client: AgentClient, line: GatewayLine, home: HomeRow | null): Promise<RunEnd> {
    const { session, task } = this.#job;
    const opened = await this.#orLeave(client.open(home?.sessionId ?? null));
    if (opened === null) return this.#stopped();
    if (opened.lost !== null) await session.tellSessionLost(opened.lost);
    const text = await this.#prompt(home, opened.lost);
    await session.keepHome({
      ...(opened.sessionId === null ? {} : { sessionId: opened.sessionId }),
      taskId: task.id,
      turn: 'open',
      leftAt: null,
    });
    const turn = await this.#orLeave(client.prompt(text));
    const end = await this.#endOf(turn, line);
    // Its session files are whole only when it is gone.
    await this.#bringDown(client, turn !== null);
    const left =
      turn === null ? this.#left : end.kind === 'waiting' || end.kind === 'stopped' ? 'held' : 'ended';
    await session.keepHome({ turn: left, leftAt: this.#options.clock.now() });
    return end;
  }

  async #prompt(home: HomeRow | null, lost: string | null): Promise<string> {
    const { session, task } = this.#job;
    const { changesSince } = this.#options;
    const isContinued = home !== null && home.taskId === task.id && home.turn !== 'ended';
    return firstPrompt({
      task,
      home,
      lost,
      memory: home === null ? [] : await session.items(),
      answers: await session.answers(),
      changes: isContinued && home.leftAt !== null ? await changesSince(home.leftAt) : null,
      hasTools: this.#quirk.name !== 'pi',
    });
  }

  /** What it waits for, or null as soon as the agent is to end. */
  async #orLeave<T>(work: Promise<T>): Promise<T | null> {
    const { signal } = this.#leave;
    const leaving = new Promise<null>((resolve) => {
      if (signal.aborted) resolve(null);
      else signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    const settled = work.catch((error: unknown) => {
      // Whatever it says while it is brought down is no failure.
      if (signal.aborted) return null;
      throw error;
    });
    return Promise.race([settled, leaving]);
  }

  async #endOf(turn: TurnEnd | null, line: GatewayLine): Promise<RunEnd> {
    const blockerId = this.#blocker ?? line.asked;
    if (blockerId !== null) return { kind: 'waiting', blockerId };
    if (turn === null) return this.#stopped();
    if (line.done !== null) return { kind: 'done', summary: line.done.summary };
    switch (turn.kind) {
      case 'ended':
        return { kind: 'done', summary: summaryOf(turn.said, this.#job.task.title) };
      case 'failed':
        return { kind: 'failed', problem: this.#withCall(`${this.#quirk.title}: ${turn.problem}`) };
      case 'cancelled':
        if (this.#askedAt !== null) return this.#stopped();
        return { kind: 'failed', problem: `${this.#quirk.title} cancelled its turn by itself` };
    }
  }

  /** Its input ends, then SIGTERM to its group, with a moment for each; what is left then is killed. */
  async #bringDown(client: AgentClient, isDone: boolean): Promise<void> {
    if (isDone) {
      client.leave();
      if (await this.#isGoneWithin(leaveMs)) return;
    }
    client.terminate();
    await this.#isGoneWithin(terminateMs);
  }

  async #isGoneWithin(ms: number): Promise<boolean> {
    const { processes, clock } = this.#options;
    const deadline = clock.elapsed() + ms;
    do {
      if ((await processes.marked(this.#job.marker)).length === 0) return true;
      await clock.sleep(pollMs);
    } while (clock.elapsed() < deadline);
    return false;
  }

  async #watch(): Promise<void> {
    const { processes, clock, log } = this.#options;
    while (!this.#over.signal.aborted) {
      await processes.marked(this.#job.marker).catch((error: unknown) => {
        log.error({ err: error, agent: this.#job.agent.name }, 'cannot look for the processes of an agent');
      });
      await clock.sleep(lookMs, this.#over.signal);
    }
  }

  async #mayDo(wish: Wish): Promise<Decision> {
    if (this.#askedAt !== null) return 'hold';
    if (wish.kind !== 'execute' && wish.kind !== 'other') return 'allow';
    const { agent, session } = this.#job;
    const permission = this.#options.permissionFor(agent, wish.line);
    if (permission !== 'ask') return permission;
    const before = allowedBefore(await session.answers(), wish.line);
    if (before !== null) return before;
    const blockerId = await session.ask(questionAbout(wish.line), { kind: 'command', line: wish.line });
    // Asked twice at once, its task waits for the first; the other question stands as well.
    this.#blocker ??= blockerId;
    void this.#leaveAsking();
    return 'hold';
  }

  /** The task waits for a person, and the agent need not: it goes on when the answer is there. */
  async #leaveAsking(): Promise<void> {
    const line = this.#line;
    if (line === null) return this.#stopNow('between-steps');
    line.hold();
    const enough = new AbortController();
    void this.#options.clock.sleep(besidesMs, this.#over.signal).then(() => enough.abort());
    this.#stopNow((await this.#untilHeld(line, enough.signal)) ? 'between-steps' : 'cut');
  }

  #stopped(): RunEnd {
    const { clock } = this.#options;
    const durationMs = Math.round(clock.elapsed() - (this.#askedAt ?? clock.elapsed()));
    return { kind: 'stopped', report: { how: this.#how, interruptedStepId: null, durationMs } };
  }

  /** What it leaves running would go on writing behind everybody's back (P1). */
  async #killLeftovers(): Promise<void> {
    const { log } = this.#options;
    const left = await this.#killMarked();
    if (left.length > 0) log.error({ agent: this.#job.agent.name, left }, 'processes of an agent do not end');
  }

  async #killMarked(): Promise<readonly number[]> {
    const { left } = await this.#options.processes.killMarked(this.#job.marker, killMs);
    return left;
  }

  #wordsOf(error: unknown): string {
    if (error instanceof CodeframeError) return problemOf(error);
    const said = error instanceof Error ? error.message : String(error);
    const isSignedOut = /\bauth|log ?in|api key/iu.test(said);
    return `${this.#quirk.title}: ${said}${isSignedOut ? ` (is it signed in? ${this.#quirk.signIn})` : ''}`;
  }

  /** With what its last call failed of: few agents say that. */
  #withCall(problem: string): string {
    const call = this.#line?.problem ?? null;
    return call === null || problem.includes(call) ? problem : `${problem} (its last call: ${call})`;
  }

  async #giveUp(error: unknown): Promise<RunEnd> {
    const { log } = this.#options;
    const agent = this.#job.agent.name;
    const isOwn = error instanceof AgentProblem;
    log[isOwn ? 'warn' : 'error']({ err: error, agent }, 'the run of an agent broke');
    const problem = this.#withCall(this.#wordsOf(error));
    return { kind: 'failed', problem };
  }
}
