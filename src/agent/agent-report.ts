/** What `codeframe agent doctor` says of one agent that others wrote. */
export interface AgentReport {
  readonly driver: string;
  readonly title: string;
  /** The name of the agent in the project; null for one that is only on this machine. */
  readonly agent: string | null;
  /** The whole path; null when it is not installed. */
  readonly program: string | null;
  readonly version: string | null;
  /** How codeframe talks to it: `acp`, or `command line`; null when it cannot. */
  readonly talk: 'acp' | 'command line' | null;
  /** Each in order; what comes after the first that does not hold was not tried. */
  readonly checks: readonly AgentCheck[];
  /** What does not work with it at all; null where everything does. */
  readonly experimental: string | null;
}

export interface AgentCheck {
  readonly name: 'found' | 'version' | 'signed in' | 'rules' | 'gateway' | 'resume';
  readonly level: 'ok' | 'warning' | 'problem' | 'missing';
  readonly text: string;
  /** What to do. */
  readonly hint: string | null;
}
