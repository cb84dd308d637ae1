import type { StopReport } from './driver.ts';

/** A named worker. */
export interface AgentRow {
  readonly name: string;
  readonly role: string;
  /** `model`, `command`, or the name of an external agent. */
  readonly driver: string;
  readonly settings: AgentSettings;
  /** `idle` also while the project is paused; `working` only while a runner lives. */
  readonly status: 'idle' | 'working';
  /** Its own steps so far: the clock by which its memory ages. */
  readonly stepCount: number;
  readonly lastStop: StopReport | null;
  readonly createdAt: number;
}

/** Agents that others wrote, by the names of their drivers; `acp`: any other that speaks the Agent Client Protocol. */
export const externalDrivers = [
  'claude',
  'codex',
  'opencode',
  'qwen',
  'copilot',
  'pi',
  'cline',
  'kilo',
  'gemini',
  'acp',
] as const;

export type ExternalDriver = (typeof externalDrivers)[number];

/** All drivers there are. */
export const driverNames: readonly string[] = ['model', 'command', ...externalDrivers];

export interface AgentSettings {
  /** `PROVIDER:MODEL`, or `recorded:FILE` (driver `model`). */
  readonly model?: string;
  /** For any OpenAI-compatible server, such as Ollama or vLLM; of an agent that others wrote: where its calls go. */
  readonly baseUrl?: string;
  /** The program and its arguments (drivers `command` and `acp`). */
  readonly command?: readonly string[];
  /** Commands that the agent may run without asking, as globs over the whole line. */
  readonly allow?: readonly string[];
  /** Of an agent that others wrote: its program, where it is not found on PATH under its usual name. */
  readonly bin?: string;
  /** Driver `command`: when its run was cut, ask before the program is started again. */
  readonly once?: boolean;
  /** It works in a git worktree of its own, and what it has done is merged. */
  readonly isolate?: boolean;
}
