import picomatch from 'picomatch';
import type { MatchGlob } from '../../checkpoint/path-filter.ts';

/** Globs as shells know them: `*` and `?` stay in one directory, `**` does not, names with a dot are like any other. */
export const matchGlob: MatchGlob = (glob) => picomatch(glob, { dot: true, nonegate: true });
