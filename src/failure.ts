/**
 * Everything that may go wrong without being a bug, with the data that its words need.
 * `failure-words.ts` turns each into a message, a hint, an exit code and an HTTP status.
 */
export type Failure =
  | { readonly code: 'not-a-project'; readonly dir: string }
  | { readonly code: 'already-a-project'; readonly dir: string; readonly projectId: string }
  /** The directory was copied with its config: `originDir` is still there and is the project with that id. */
  | {
      readonly code: 'copied-project';
      readonly dir: string;
      readonly originDir: string;
      readonly projectId: string;
    }
  | { readonly code: 'unsafe-directory'; readonly dir: string; readonly why: 'root' | 'home' | 'inside-data' }
  | {
      readonly code: 'project-owned';
      readonly command: string;
      readonly pid: number;
      readonly host: string;
      readonly sinceMs: number;
    }
  | { readonly code: 'stale-owner'; readonly epoch: number; readonly currentEpoch: number }
  | {
      readonly code: 'wrong-status';
      /** Who refuses, e.g. `Task 3`; the project when left out. */
      readonly subject?: string;
      /** `resume`; `be retried` where there is a subject. */
      readonly verb: string;
      readonly status: string;
      readonly next: string;
    }
  | {
      readonly code: 'unknown-id';
      readonly kind:
        | 'agent'
        | 'task'
        | 'checkpoint'
        | 'deleted checkpoint'
        | 'blocker'
        | 'permission'
        | 'item'
        | 'archived piece';
      readonly id: string;
      readonly near: readonly string[];
    }
  | {
      readonly code: 'ambiguous-id';
      readonly kind: string;
      readonly id: string;
      readonly matches: readonly string[];
    }
  | { readonly code: 'already-exists'; readonly kind: string; readonly id: string }
  | { readonly code: 'invalid-argument'; readonly argument: string; readonly problem: string }
  /** A command line that cannot be read; `problem` and `hint` are the words for it. */
  | { readonly code: 'wrong-usage'; readonly problem: string; readonly hint: string }
  | { readonly code: 'corrupt-config'; readonly path: string; readonly problem: string }
  | {
      readonly code: 'corrupt-database';
      readonly path: string;
      readonly problem: string;
      readonly backups: readonly string[];
    }
  | { readonly code: 'database-newer'; readonly path: string; readonly found: number; readonly known: number }
  | { readonly code: 'database-busy'; readonly path: string; readonly waitedMs: number }
  | {
      readonly code: 'corrupt-checkpoint';
      readonly id: string;
      readonly part: string;
      readonly problem: string;
    }
  | { readonly code: 'checkpoint-newer'; readonly id: string; readonly found: number; readonly known: number }
  | {
      readonly code: 'corrupt-export';
      readonly path: string;
      readonly part: string;
      readonly problem: string;
    }
  | { readonly code: 'export-newer'; readonly path: string; readonly found: number; readonly known: number }
  /** A checkpoint that comes in is of a project that this machine knows by that id as another one. */
  | { readonly code: 'foreign-project'; readonly projectId: string; readonly problem: string }
  /** A directory that a project should come into has other work in it, or is not where it is. */
  | { readonly code: 'directory-in-use'; readonly dir: string; readonly problem: string }
  | {
      readonly code: 'remote-failed';
      readonly remote: string;
      readonly doing: string;
      readonly why: 'unreachable' | 'denied' | 'no-repository' | 'refused' | 'other';
      readonly problem: string;
    }
  | { readonly code: 'corrupt-store'; readonly path: string; readonly problem: string }
  /** Another process reclaims space of the store, and stands still at it. */
  | { readonly code: 'store-busy'; readonly path: string; readonly pid: number }
  | { readonly code: 'database-in-use'; readonly path: string; readonly pid: number }
  | { readonly code: 'checkpoint-deleted'; readonly id: string }
  /** `needs`: as `NeedReason`. */
  | { readonly code: 'checkpoint-needed'; readonly id: string; readonly needs: readonly string[] }
  | { readonly code: 'rules-keep-nothing'; readonly count: number }
  | { readonly code: 'capture-failed'; readonly path: string; readonly problem: string }
  | {
      readonly code: 'tree-moved';
      readonly paths: readonly string[];
      /** Left out: it had not begun. `writers`: processes that have one of the paths open to write, as far as that is seen. */
      readonly whileRestoring?: { readonly writers: readonly FileWriter[] };
    }
  | {
      readonly code: 'restore-blocked';
      readonly problems: readonly { readonly path: string; readonly problem: string }[];
      /** The restore that was begun and cannot be ended for it; left out where none was begun. */
      readonly underWay?: string;
    }
  /** `gone`: the restore or undo of which the checkpoint of before has been deleted for good. */
  | { readonly code: 'nothing-to-undo'; readonly gone?: string }
  | { readonly code: 'nothing-to-redo'; readonly gone?: string }
  | {
      readonly code: 'pause-failed';
      readonly pauseId: string;
      readonly reason: string;
      readonly status: string;
    }
  /** A package that codeframe needs does not load; `run` is the command that puts it right. */
  | {
      readonly code: 'missing-module';
      readonly module: string;
      readonly problem: string;
      readonly run: string;
    }
  | { readonly code: 'missing-program'; readonly program: string; readonly agent: string }
  | {
      readonly code: 'missing-key';
      readonly provider: string;
      readonly variable: string;
      readonly agent: string;
    }
  | { readonly code: 'unknown-model'; readonly model: string; readonly problem: string }
  | {
      readonly code: 'model-refused';
      readonly provider: string;
      readonly httpStatus: number | null;
      readonly problem: string;
      readonly retryable: boolean;
    }
  | {
      readonly code: 'corrupt-recording';
      readonly path: string;
      readonly line: number;
      readonly problem: string;
    }
  | { readonly code: 'no-space'; readonly path: string }
  | { readonly code: 'no-permission'; readonly path: string; readonly doing: string }
  | { readonly code: 'input-output'; readonly path: string; readonly doing: string; readonly problem: string }
  /** An agent cannot have a git worktree of its own. */
  | { readonly code: 'cannot-isolate'; readonly problem: string }
  /** What an agent has in its worktree stays there, and nothing of the project is changed. */
  | {
      readonly code: 'not-merged';
      readonly agent: string;
      readonly branch: string;
      readonly worktree: string;
      readonly problem: string;
    }
  | { readonly code: 'git-failed'; readonly command: string; readonly problem: string }
  | { readonly code: 'git-missing'; readonly found: string | null }
  | { readonly code: 'unfinished-work'; readonly problem: string; readonly next: string };

/** A process that has a file of the project open to write. */
export interface FileWriter {
  readonly path: string;
  readonly pid: number;
  readonly command: string;
}

export type FailureCode = Failure['code'];

/** An expected failure on its way up. Bugs are plain errors. */
export class CodeframeError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: { readonly cause?: unknown }) {
    super(failure.code, options);
    this.name = 'CodeframeError';
    this.failure = failure;
  }
}

export function isFailure(error: unknown, code?: FailureCode): error is CodeframeError {
  return error instanceof CodeframeError && (code === undefined || error.failure.code === code);
}
