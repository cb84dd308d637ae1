import type { ProjectHandle } from './handle.ts';
import { createProject, openProject } from './main.ts';

/** A team of coding agents on a directory, that can be paused at any moment. */
export const Project = {
  /** Makes a directory a project and opens it. Throws `already-a-project`, `unsafe-directory`, `no-permission`. */
  create: (dir: string, options: { readonly name?: string } = {}): Promise<ProjectHandle> =>
    createProject(dir, options),
  /** Opens the project that a directory is in. Throws `not-a-project`, `corrupt-config`, `corrupt-database`, `database-newer`. */
  open: (dir: string): Promise<ProjectHandle> => openProject(dir),
};

export type * from './handle.ts';
export type { PauseResult, PausedAgent } from './project/pause.ts';
export { CodeframeError, isFailure, type Failure, type FailureCode } from './failure.ts';
export { failureWords } from './failure-words.ts';
