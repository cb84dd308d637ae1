import path from 'node:path';

/** A path as the memory names it: relative to the project, with `/`; one outside of it as it is. */
export function pathInProject(given: string, projectDir: string | undefined): string {
  if (projectDir === undefined || !path.isAbsolute(given)) return given.replace(/^\.\//, '');
  const relative = path.relative(projectDir, given);
  const isInside = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  return isInside ? relative.split(path.sep).join('/') : given;
}
