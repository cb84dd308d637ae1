import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { appendLine, type Plan, type PlanServer } from '../rig/plan-server.ts';
import { Scene, until } from '../rig/scene.ts';
import { agentsPath } from './installed.ts';

const steps = 13;
/** A line of `effects.txt` a step: a step that happened twice is there twice. */
export const plan: Plan = { steps, command: appendLine, end: 'The plan is done.' };
export const allEffects = Array.from({ length: steps }, (_, step) => `effect-${step}`);

const title = 'Carry out the plan';
/** Real agents take seconds to start, and many on a machine that has other work. */
const patienceMs = 900_000;

const ticking =
  'while :; do echo x >> ticks-$CODEFRAME_AGENT_NAME.txt; sleep 0.2; [ -e finish ] && exit 0; done\n';

/** A project in a git repository with a real agent, ada, on the plan, and two programs at work beside it. */
export async function sceneOf(driver: string, server: PlanServer): Promise<Scene> {
  const scene = await emptyScene();
  await scene.addProgram('one', ticking);
  await scene.addProgram('two', ticking);
  await addPlanned(scene, { name: 'ada', driver, server });
  return scene;
}

/** A project in a git repository, whose agents find the installed programs. */
export async function emptyScene(): Promise<Scene> {
  const scene = await Scene.create();
  scene.env['PATH'] = agentsPath;
  await scene.gitInit();
  await scene.ok('init');
  return scene;
}

/** A real agent that may run everything, and a task that the model of a server turns into its plan. */
export async function addPlanned(
  scene: Scene,
  agent: { readonly name: string; readonly driver: string; readonly server: PlanServer },
  ...more: readonly string[]
): Promise<void> {
  const { name, driver, server } = agent;
  const model = ['--model', 'openai:stub', '--base-url', server.url];
  await scene.ok('agent', 'add', name, '--driver', driver, ...model, '--allow', '**', ...more);
  await scene.ok('task', 'add', title, '--agent', name);
}

export async function effects(scene: Scene, file = 'effects.txt'): Promise<readonly string[]> {
  const text = await scene.read(file).catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** Resumes in a new process, lets the programs beside the agent end when its plan is done, and waits for the end of it. */
export async function resumeToEnd(scene: Scene): Promise<void> {
  const running = scene.ok('resume');
  const isThere = async (): Promise<boolean> => (await effects(scene)).length >= steps;
  await Promise.race([running, untilSeen('the effects of the plan', isThere)]).catch(
    async (error: unknown) => {
      throw new Error(`${String(error)}\n${JSON.stringify(await scene.ok('task', 'list'))}`);
    },
  );
  await scene.write('finish', '');
  await running;
  await rm(scene.path('finish'));
}

/** Waits for something that a real agent does. */
export function untilSeen(what: string, isSo: () => Promise<boolean>): Promise<void> {
  return until(what, isSo, patienceMs);
}

/**
 * Pauses while the model answers with a step, so that the agent is still at work, and lets the answer go when the pause
 * is under way: the step is finished, and the next call waits at the gateway. To be called before the agent comes there.
 */
export async function pauseAt(scene: Scene, server: PlanServer, step: number): Promise<Pause> {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrived = false;
  server.wait = async (call) => {
    if (call.step !== step) return;
    arrived = true;
    await released;
  };
  await untilSeen(`the call of step ${step}`, async () => arrived);
  // It comes there whatever else the machine does.
  const pausing = pause(scene, '--grace', '2m');
  await scene.untilStatus('pausing');
  release();
  return pausing;
}

/** What `codeframe pause --json` prints, as far as it is looked at here. */
export interface Pause {
  readonly checkpointId: string;
  readonly durationMs: number;
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  readonly itemsArchived: number;
  readonly agents: readonly { readonly name: string; readonly how: string; readonly durationMs: number }[];
}

export async function pause(scene: Scene, ...args: readonly string[]): Promise<Pause> {
  return (await scene.one('pause', ...args)) as unknown as Pause;
}

export function stopOf({ agents }: Pause, agent: string): string {
  return agents.find(({ name }) => name === agent)?.how ?? 'none';
}

/** The processes of a project's agents. */
export async function agentProcesses(scene: Scene): Promise<readonly number[]> {
  const { id } = (await scene.status())['project'] as { readonly id: string };
  const found: number[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/u.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.includes(`CODEFRAME_AGENT=${id}`)) found.push(Number(pid));
  }
  return found;
}

/** Kills the runner and its agents, whichever of them is still there. */
export async function killAll(scene: Scene): Promise<void> {
  const { pid } = (await scene.status())['owner'] as { readonly pid: number };
  for (const one of [pid, ...(await agentProcesses(scene))]) {
    try {
      process.kill(one, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Each history that a model was sent is one that a strict provider accepts. */
export function expectLegal(server: PlanServer): void {
  expect(server.calls.flatMap(({ violations }) => violations)).toEqual([]);
}

/** Where ada's HOME is, in the project's data. */
export async function homeOf(scene: Scene): Promise<string> {
  return path.join(await dataOf(scene), 'homes', 'ada');
}

/** The data of the only project of a scene. */
export async function dataOf(scene: Scene): Promise<string> {
  const [project = ''] = await readdir(path.join(scene.home, 'projects'));
  return path.join(scene.home, 'projects', project);
}
