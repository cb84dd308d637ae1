import { createHmac } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ObjectId } from '../../checkpoint/tree.ts';
import type { CleanFiles, Cleanness } from '../../secret/clean-files.ts';
import type { KnownValue } from '../../secret/known-values.ts';

/** To be raised when a rule changes: what an older rule passed is looked at again. */
const rulesVersion = 2;
/** Stands behind an object that was not searched. */
const unsearchedMark = ' -';

export interface CleanObjectsPlace {
  readonly path: string;
  /** So that the file tells nothing of the values that were looked for. */
  readonly key: () => Uint8Array;
  readonly known: () => readonly KnownValue[];
}

/** The list of clean objects in a file, one a line, marked when it was not searched; it counts for the rules and the known values that it was made with. */
export function openCleanObjects(place: CleanObjectsPlace): CleanFiles {
  let loaded: Loaded | undefined;

  return {
    get: (object) => current().objects.get(object),
    remember(objects) {
      const now = current();
      const isKnown = [...objects].every(([object, cleanness]) => now.objects.get(object) === cleanness);
      if (objects.size === now.objects.size && isKnown) return;
      now.objects = new Map(objects);
      save(place.path, [now.header, ...[...objects].map(lineOf)].join('\n'));
    },
  };

  function current(): Loaded {
    const known = place.known();
    if (loaded?.known === known) return loaded;
    const header = headerFor(place.key(), known);
    const objects = loaded?.header === header ? loaded.objects : load(place.path, header);
    loaded = { known, header, objects };
    return loaded;
  }
}

interface Loaded {
  readonly known: readonly KnownValue[];
  readonly header: string;
  objects: ReadonlyMap<ObjectId, Cleanness>;
}

function headerFor(key: Uint8Array, known: readonly KnownValue[]): string {
  const values = known.map(({ value }) => value).toSorted();
  const digest = createHmac('sha256', key).update(JSON.stringify(values)).digest('hex');
  return `codeframe-clean ${rulesVersion} ${digest.slice(0, 32)}`;
}

function lineOf([object, cleanness]: readonly [ObjectId, Cleanness]): string {
  return cleanness === 'unsearched' ? object + unsearchedMark : object;
}

function load(path: string, header: string): ReadonlyMap<ObjectId, Cleanness> {
  try {
    const [found, ...lines] = readFileSync(path, 'latin1').split('\n');
    return new Map(found === header ? lines.map(entryOf) : []);
  } catch {
    return new Map();
  }
}

function entryOf(line: string): readonly [ObjectId, Cleanness] {
  return line.endsWith(unsearchedMark)
    ? [line.slice(0, -unsearchedMark.length), 'unsearched']
    : [line, 'clean'];
}

function save(path: string, text: string): void {
  const partial = `${path}.${process.pid}`;
  try {
    writeFileSync(partial, text, { mode: 0o600 });
    renameSync(partial, path);
  } catch {
    // Without it the files are looked at again.
    rmSync(partial, { force: true });
  }
}
