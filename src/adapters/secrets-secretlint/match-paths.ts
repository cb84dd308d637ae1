import picomatch from 'picomatch';
import type { IsAllowed } from '../../secret/clean-files.ts';

/** Whether a path is one of these, in one of these directories, or fits one of these globs; a glob without `/` fits the name alone. */
export function matchPaths(patterns: readonly string[] = []): IsAllowed {
  const fits = patterns.map((pattern) => {
    const glob = pattern.replace(/^\.\//, '').replace(/\/$/, '');
    const whole = picomatch([glob, `${glob}/**`], { dot: true });
    const name = glob.includes('/') ? () => false : picomatch(glob, { dot: true, basename: true });
    return (path: string) => path === glob || whole(path) || name(path);
  });
  return (path) => {
    if (fits.length === 0) return false;
    const shown = Buffer.from(path, 'latin1').toString('utf8');
    return fits.some((one) => one(shown));
  };
}
