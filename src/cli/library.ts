import type { ProjectHandle } from '../handle.ts';

/** What the CLI uses of `main.ts`, which is loaded only when a command needs a project: the help stays quick. */
export interface Library {
  createProject(dir: string, options?: { readonly name?: string }): Promise<ProjectHandle>;
  openProject(
    dir: string,
    options?: { readonly verbose?: boolean; readonly readOnly?: boolean },
  ): Promise<ProjectHandle>;
}

export async function loadLibrary(): Promise<Library> {
  const path = '../main.ts';
  return (await import(path)) as Library;
}
