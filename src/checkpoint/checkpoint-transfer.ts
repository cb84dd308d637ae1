import type { CheckpointStore } from './checkpoint-store.ts';

/**
 * Takes whole checkpoints out of a project's store and into it. Adapter: git. What comes in lies apart until it is
 * accepted, so that it can be verified first; a process that dies before leaves nothing that anyone sees.
 */
export interface CheckpointTransfer {
  /**
   * Writes a checkpoint's objects, all that are needed, into a file, which is made and must not be there. Not synced.
   * Throws `unknown-id`, `already-exists`, `no-space`, `no-permission`.
   */
  pack(id: string, file: string): Promise<void>;
  /** Reads what `pack` wrote; `commit` must be in it. Throws `corrupt-checkpoint` when git cannot read the file. */
  unpack(file: string, checkpoint: CheckpointAt): Promise<IncomingCheckpoints>;
  /** A remote, by what git takes for one: a URL or an absolute path. Nothing is asked of it yet. */
  remote(url: string): CheckpointRemote;
}

/** Checkpoints that have come in and are in no store yet. */
export interface IncomingCheckpoints extends AsyncDisposable {
  /** To open and verify them; knows no others. */
  readonly checkpoints: Pick<CheckpointStore, 'open' | 'verify'>;
  /**
   * From here on these are in the store, synced. One that is there with the same commit is left as it is; with another,
   * `already-exists` is thrown, and those before it in the list are there.
   */
  accept(ids: readonly string[]): Promise<void>;
  /** Takes away what was not accepted. May be called twice. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** An ordinary git repository, that codeframe uses under `refs/codeframe/checkpoints/` only. */
export interface CheckpointRemote {
  /** The checkpoints that it has, of all projects. Throws `remote-failed`. */
  list(): Promise<readonly RemoteCheckpoint[]>;
  /** Adds these, and changes no other ref: what is there stays. `shared`: commits that both have. Throws `remote-failed`. */
  push(batch: RemoteBatch): Promise<void>;
  /** Brings these. Throws `remote-failed`. */
  fetch(batch: RemoteBatch): Promise<IncomingCheckpoints>;
}

export interface CheckpointAt {
  readonly id: string;
  readonly commit: string;
}

export interface RemoteCheckpoint extends CheckpointAt {
  readonly projectId: string;
}

export interface RemoteBatch {
  readonly checkpoints: readonly RemoteCheckpoint[];
  /** Commits that both sides have: what is in them is not sent again. */
  readonly shared: readonly string[];
  /** What git says of its progress, a line at a time. */
  readonly onLine?: (line: string) => void;
}
