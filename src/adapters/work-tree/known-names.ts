import { lstatSync } from 'node:fs';
import { isLocal } from './local-file-system.ts';
import { numbersPerDirectory } from './look-at-directories.ts';

/**
 * The names in a directory, and what the directory was when they were read: as long as it is that, they are these. Whatever
 * makes, renames or removes a name sets the times of its directory, and nobody can set ctime back.
 */
export interface KnownNames {
  /** All, sorted, `/` between them. */
  readonly names: string;
  /** See `numbersPerDirectory`. */
  readonly numbers: ArrayLike<number>;
}

/** When names may be believed later: of directories on this device that were left alone since before `quietSince` (ms since 1970). */
export interface NamesRule {
  readonly device: number;
  readonly quietSince: number;
}

/** The device on which the times of directories can be trusted; undefined: on none, or nobody knows. */
export function deviceOfKnownNames(root: string): number | undefined {
  try {
    return isLocal(root) ? lstatSync(root).dev : undefined;
  } catch {
    return undefined;
  }
}

/** From the numbers of a look, from this place on, when they may be believed. */
export function knownNames(
  names: string,
  look: { readonly numbers: Float64Array; readonly at: number },
  rule: NamesRule,
): KnownNames | undefined {
  const numbers = look.numbers.slice(look.at, look.at + numbersPerDirectory);
  const [mtimeMs = 0, ctimeMs = 0, ino = 0, dev = 0] = numbers;
  const isQuiet = Math.max(mtimeMs, ctimeMs) < rule.quietSince;
  return isQuiet && ino !== 0 && dev === rule.device ? { names, numbers } : undefined;
}
