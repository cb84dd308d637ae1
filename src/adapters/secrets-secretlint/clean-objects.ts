import { createHmac } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ObjectId } from '../../checkpoint/tree.ts';
import type { CleanFiles } from '../../secret/clean-files.ts';
import type { KnownValue } from '../../secret/known-values.ts';

/** To be raised when a rule changes: what an older rule passed is looked at again. */
const rulesVersion = 1;

export interface CleanObjectsPlace {
  readonly path: string;
  /** So that the file tells nothing of the values that were looked for. */
  readonly key: () => Uint8Array;
  readonly known: () => readonly KnownValue[];
}

/** The list of clean objects in a file, one a line; it counts for the rules and the known values that it was made with. */
export function openCleanObjects(place: CleanObjectsPlace): CleanFiles {
  let loaded: Loaded | undefined;

  return {
    has: (object) => current().objects.has(object),
    remember(objects) {
      const now = current();
      if (objects.size === now.objects.size && [...objects].every((object) => now.objects.has(object)))
        return;
      now.objects = new Set(objects);
      save(place.path, [now.header, ...objects].join('\n'));
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
  objects: ReadonlySet<ObjectId>;
}

function headerFor(key: Uint8Array, known: readonly KnownValue[]): string {
  const values = known.map(({ value }) => value).toSorted();
  const digest = createHmac('sha256', key).update(JSON.stringify(values)).digest('hex');
  return `codeframe-clean ${rulesVersion} ${digest.slice(0, 32)}`;
}

function load(path: string, header: string): ReadonlySet<ObjectId> {
  try {
    const [found, ...objects] = readFileSync(path, 'latin1').split('\n');
    return new Set(found === header ? objects : []);
  } catch {
    return new Set();
  }
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
