import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionPlace } from './quirk.ts';

/** A session file of a HOME: its path within it, with slashes, and the place of the driver's list that it belongs to. */
export interface FoundSessionFile {
  readonly path: string;
  readonly place: SessionPlace;
}

/**
 * The session files that a HOME has by a driver's list, those of each place sorted. What a checkpoint takes along and
 * what a restore replaces is this one list; links lead elsewhere and are never in it.
 */
export function* sessionFilesIn(home: string, places: readonly SessionPlace[]): Generator<FoundSessionFile> {
  for (const place of places) {
    for (const path of pathsBelow(home, place.path)) if (hasEnding(place, path)) yield { path, place };
  }
}

/** The place that a path belongs to; undefined when it is none of a session file, or leads out of its place. */
export function placeOf(places: readonly SessionPlace[], path: string): SessionPlace | undefined {
  if (path.split('/').some((name) => name === '' || name === '.' || name === '..' || name.includes('\0')))
    return undefined;
  return places.find(
    (place) => (path === place.path || path.startsWith(`${place.path}/`)) && hasEnding(place, path),
  );
}

/** Whether one of the session files is named for a session. */
export function hasSessionFile(home: string, places: readonly SessionPlace[], sessionId: string): boolean {
  return [...sessionFilesIn(home, places)].some(({ path }) =>
    path.slice(path.lastIndexOf('/') + 1).includes(sessionId),
  );
}

function hasEnding(place: SessionPlace, path: string): boolean {
  return place.ending === undefined || path.endsWith(place.ending);
}

function* pathsBelow(home: string, path: string): Generator<string> {
  const found = lstatSync(join(home, path), { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isFile()) yield path;
  if (!found.isDirectory()) return;
  const entries = readdirSync(join(home, path), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isFile()) yield `${path}/${entry.name}`;
    if (entry.isDirectory()) yield* pathsBelow(home, `${path}/${entry.name}`);
  }
}
