import { join } from 'node:path';
import type { AgentRow } from '../../agent/agent.ts';
import type { SessionFile } from '../../agent/home.ts';
import type { Permission, PermissionRules } from '../../agent/permissions.ts';
import type { Processes } from '../../agent/processes.ts';
import type { Clock } from '../../clock.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { Log, Output } from '../../log.ts';

/** What drivers of agents that others wrote need. */
export interface AgentDriverOptions {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  /** What the agents inherit. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly projectDir: string;
  /** Where the HOMEs are, one directory an agent. */
  readonly homesDir: string;
  readonly userHome: string;
  /** Opened when the first agent needs it. */
  readonly gateway: () => Promise<Gateway>;
  /** The session files of an agent in a checkpoint, or in the newest that has some. */
  readonly savedSession: (agent: string, checkpointId: string | null) => Promise<readonly SessionFile[]>;
  /** What others have changed in the project's files since a moment; null when that is not known. */
  readonly changesSince: (
    at: number,
  ) => Promise<readonly { readonly path: string; readonly change: string }[] | null>;
  /** What becomes of a command line that an agent wants to run; asked each time, for it may change meanwhile. */
  readonly permissionFor: (agent: AgentRow, line: string) => Permission;
  /** The rules that it starts with, for agents that decide by themselves. */
  readonly rulesOf: (agent: AgentRow) => PermissionRules;
  /** Behind which an MCP server's address makes it one on standard input and output, for agents that know no other. */
  readonly toolsCommand: readonly string[];
  /** Where an agent's own messages go. */
  readonly openOutput: (agent: string) => Output;
}

/** The HOME of an agent. */
export function homeOf(options: { readonly homesDir: string }, agent: string): string {
  return join(options.homesDir, agent);
}
