import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentRow, AgentSettings } from '../../agent/agent.ts';
import type { AgentCheck, AgentReport } from '../../agent/agent-report.ts';
import type { Job, RunEnd } from '../../agent/driver.ts';
import { unheededBy } from '../../agent/heeded-rules.ts';
import { markerVariable } from '../../agent/processes.ts';
import { CodeframeError } from '../../failure.ts';
import { failureWords } from '../../failure-words.ts';
import { killMs } from '../../project/pause.ts';
import { GroupProcess } from '../group-process.ts';
import { Tail } from '../output-tail.ts';
import type { AgentDriverOptions } from './agent-options.ts';
import { AgentSeat } from './agent-seat.ts';
import { AgentWork } from './agent-work.ts';
import { chooseModel } from './choose-model.ts';
import type { Quirk } from './quirk.ts';
import { isLogin } from './own-login.ts';
import { TrialSession } from './trial-session.ts';

export interface Examination {
  readonly options: AgentDriverOptions;
  readonly quirk: Quirk;
  /** As it is in the project; null for one that is only on this machine. */
  readonly agent: AgentRow | null;
  /** A recorded model for the trial; it says `fine` to everything. Null: the agent is not tried. */
  readonly recorded: { readonly url: string; readonly histories: readonly string[] } | null;
}

const versionMs = 30_000;
const trialMs = 120_000;

/** Looks for an agent, and tries it on a recorded model: nothing of the project is touched, and nothing is spent. */
export async function examineAgent(examination: Examination): Promise<AgentReport> {
  const { quirk, agent, options } = examination;
  const base = {
    driver: quirk.name,
    title: quirk.title,
    agent: agent?.name ?? null,
    experimental: quirk.experimental,
  };
  const seat = findSeat(examination);
  if ('check' in seat) return { ...base, program: null, version: null, talk: null, checks: [seat.check] };
  const talk = seat.start.kind === 'acp' ? 'acp' : 'command line';
  const version = await versionOf(seat.program, options);
  const checks: AgentCheck[] = [
    {
      name: 'found',
      level: 'ok',
      text: `${seat.program}, over ${talk === 'acp' ? 'the Agent Client Protocol' : 'its command line'}`,
      hint: null,
    },
    versionCheck(quirk, version),
    signInCheck(examination),
    rulesCheck(quirk, talk),
  ];
  const isFit = checks.every(({ level }) => level !== 'problem' && level !== 'missing');
  if (isFit && examination.recorded !== null)
    checks.push(...(await tryIt(examination, examination.recorded)));
  return { ...base, program: seat.program, version, talk, checks };
}

function findSeat({ quirk, agent, options }: Examination): AgentSeat | { readonly check: AgentCheck } {
  try {
    return AgentSeat.find(options, quirk, agent ?? trialAgent(quirk, {}));
  } catch (error) {
    if (!(error instanceof CodeframeError)) throw error;
    const hint = quirk.install === '' ? failureWords(error.failure).hint : `Install it: ${quirk.install}`;
    // One that nobody asked for is not missed.
    const level = agent === null ? 'missing' : 'problem';
    return { check: { name: 'found', level, text: 'not on PATH', hint } };
  }
}

function versionCheck(quirk: Quirk, version: string | null): AgentCheck {
  if (version === null) {
    const text = 'it does not say its version';
    return { name: 'version', level: 'warning', text, hint: `Try it: ${quirk.program} --version` };
  }
  if (!isOlder(version, quirk.oldest)) return { name: 'version', level: 'ok', text: version, hint: null };
  const text = `${version} is older than ${quirk.oldest}, the oldest that was tried`;
  return { name: 'version', level: 'warning', text, hint: `Update it: ${quirk.install}` };
}

function signInCheck({ quirk, agent, options }: Examination): AgentCheck {
  const name = 'signed in';
  const settings = agent?.settings ?? {};
  if (settings.baseUrl !== undefined)
    return { name, level: 'ok', text: `its calls go to ${settings.baseUrl}`, hint: null };
  const { keyVariable } = chooseModel(quirk, settings, options.env);
  if (keyVariable !== null) return { name, level: 'ok', text: `by the key in ${keyVariable}`, hint: null };
  const login = quirk.logins.find((place) => isLogin(join(options.userHome, place)));
  if (login !== undefined) return { name, level: 'ok', text: `by ~/${login}`, hint: null };
  return {
    name,
    level: 'warning',
    text: 'no login and no key were found',
    hint: `To sign in, ${quirk.signIn}.`,
  };
}

/** Throws `missing-program` when an agent that others wrote is not on this machine. Starts nothing. */
export function needProgram(
  options: Pick<AgentDriverOptions, 'env' | 'projectDir'>,
  quirk: Quirk,
  agent: string,
): void {
  AgentSeat.find(options, quirk, { ...trialAgent(quirk, {}), name: agent });
}

/** Whether what a project allows, asks about and denies holds for its commands. */
function rulesCheck(quirk: Quirk, talk: 'acp' | 'command line'): AgentCheck {
  const name = 'rules';
  const why = unheededBy(quirk.name);
  if (why !== null)
    return { name, level: 'warning', text: why, hint: 'Where rules are to hold, take another agent.' };
  if (talk === 'acp')
    return { name, level: 'ok', text: 'it asks before it runs a command, and the rules answer', hint: null };
  const text =
    'by its command line it asks nobody: it gets the rules at its start, and what they leave open is refused';
  const hint = quirk.acp === null ? null : `To be asked instead: ${quirk.acp.install}`;
  return { name, level: 'warning', text, hint };
}

/** Two turns in two processes: the first goes through the gateway, the second knows the first. */
async function tryIt(
  examination: Examination,
  recorded: NonNullable<Examination['recorded']>,
): Promise<readonly AgentCheck[]> {
  const { quirk, agent } = examination;
  const dir = mkdtempSync(join(tmpdir(), 'codeframe-trial-'));
  try {
    const given = { ...agent?.settings, model: 'recorded:trial', baseUrl: recorded.url };
    const said = new Tail();
    const trial = { ...examination, dir, agent: trialAgent(quirk, given), session: new TrialSession(), said };
    const before = recorded.histories.length;
    const first = await tryTask(trial, { id: 1, title: 'Say: the first word is amber.' });
    const gateway = gatewayCheck(first, recorded.histories.length > before, said);
    if (gateway.level !== 'ok') return [gateway];
    const calls = recorded.histories.length;
    const second = await tryTask(trial, { id: 2, title: 'Say: the second word is birch.' });
    const knows = recorded.histories.slice(calls).some((history) => history.includes('amber'));
    return [gateway, resumeCheck(second, knows, trial.session.lost)];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function gatewayCheck(end: RunEnd, wasCalled: boolean, said: Tail): AgentCheck {
  const name = 'gateway';
  const last = said.lastLines(3).join(' | ');
  const hint = `Try the agent without codeframe.${last === '' ? '' : ` The last that it said: ${last}`}`;
  if (end.kind !== 'done') return { name, level: 'problem', text: wordsOf(end), hint };
  if (wasCalled) return { name, level: 'ok', text: 'its calls go through it', hint: null };
  return { name, level: 'problem', text: 'its calls do not come through it', hint };
}

function resumeCheck(end: RunEnd, knows: boolean, lost: string | null): AgentCheck {
  const name = 'resume';
  if (end.kind === 'done' && knows) {
    return { name, level: 'ok', text: 'a new process goes on with the session', hint: null };
  }
  const text = lost ?? (end.kind === 'done' ? 'a new process does not know the session' : wordsOf(end));
  const hint = 'It works all the same: after a pause it gets a new session and a handoff of what is known.';
  return { name, level: 'warning', text, hint };
}

function wordsOf(end: RunEnd): string {
  if (end.kind === 'failed') return end.problem;
  return end.kind === 'stopped' ? `it did not end within ${trialMs / 1000} s` : `it ended ${end.kind}`;
}

interface Trial extends Examination {
  readonly dir: string;
  readonly agent: AgentRow;
  readonly session: TrialSession;
  /** Its own output, which is kept nowhere else. */
  readonly said: Tail;
}

async function tryTask(
  trial: Trial,
  asked: { readonly id: number; readonly title: string },
): Promise<RunEnd> {
  const { dir, agent, session, quirk, said } = trial;
  const options = {
    ...trial.options,
    projectDir: dir,
    homesDir: join(dir, 'homes'),
    userHome: join(dir, 'nobody'),
    openOutput: () => ({ write: (chunk: Buffer | string) => said.add(Buffer.from(chunk)), close() {} }),
  };
  const job: Job = {
    agent,
    task: {
      ...asked,
      details: '',
      agent: agent.name,
      after: [],
      status: 'running',
      state: { kind: 'running', agent: agent.name, since: 0 },
      attempts: 1,
      createdAt: 0,
    },
    projectDir: dir,
    marker: `trial/${process.pid}/${asked.id}-${Date.now().toString(36)}`,
    session,
  };
  const work = new AgentWork(options, quirk, job);
  const enough = new AbortController();
  void options.clock.sleep(trialMs, enough.signal).then(() => !enough.signal.aborted && work.cut());
  try {
    return await work.ended;
  } finally {
    enough.abort();
    await work.kill();
  }
}

function trialAgent(quirk: Quirk, settings: AgentSettings): AgentRow {
  return {
    name: 'trial',
    role: '',
    driver: quirk.name,
    settings: { ...settings, allow: ['**'] },
    status: 'working',
    stepCount: 0,
    lastStop: null,
    createdAt: 0,
  };
}

/** Null when it does not say one; nothing that it started is left. */
async function versionOf(program: string, options: AgentDriverOptions): Promise<string | null> {
  const { clock, processes } = options;
  const marker = `version/${process.pid}/${Date.now().toString(36)}`;
  const env = { ...options.env, NO_COLOR: '1', [markerVariable]: marker } as NodeJS.ProcessEnv;
  const asked = new GroupProcess({ file: program, args: ['--version'], dir: tmpdir(), env });
  const said = new Tail();
  const pipes = [asked.stdout, asked.stderr].filter((pipe) => pipe !== null);
  for (const pipe of pipes) pipe.on('data', (chunk: Buffer) => said.add(chunk));
  const read = Promise.allSettled(pipes.map((pipe) => once(pipe, 'close')));
  const enough = new AbortController();
  // Some leave processes behind that hold the pipes open, and some do not end at all.
  await Promise.race([asked.exited, clock.sleep(versionMs, enough.signal)]);
  await processes.killMarked(marker, killMs);
  await Promise.race([read, clock.sleep(killMs, enough.signal)]);
  enough.abort();
  asked.letGo();
  return /\d+\.\d+\.\d+/u.exec(said.text())?.[0] ?? null;
}

/** By the numbers of three-part versions. */
function isOlder(version: string, than: string): boolean {
  const [one, other] = [version, than].map((text) => text.split('.').map(Number));
  const at = [0, 1, 2].find((index) => one?.[index] !== other?.[index]);
  return at !== undefined && (one?.[at] ?? 0) < (other?.[at] ?? 0);
}
