import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionFile } from '../../agent/home.ts';
import type { Redactor } from '../../secret/redactor.ts';
import { quirkOf } from './all-quirks.ts';
import type { SessionPlace } from './quirk.ts';

export interface SessionFilePorts {
  /** Where the HOMEs are, one directory an agent. */
  readonly homesDir: string;
  readonly secrets: Pick<Redactor, 'redact'>;
  /** Copies a database that may be written meanwhile. */
  readonly copyDatabase: (from: string, to: string) => void;
}

/** The session files of an agent's HOME by its driver's list. Null when the HOME is gone. */
export function readSessionFiles(
  ports: SessionFilePorts,
  agent: { readonly name: string; readonly driver: string },
): readonly SessionFile[] | null {
  const home = join(ports.homesDir, agent.name);
  const quirk = quirkOf(agent.driver);
  if (quirk === undefined || !existsSync(home)) return null;
  return quirk.sessionFiles.flatMap((place) => [...readPlace(ports, home, place)]);
}

function* readPlace(ports: SessionFilePorts, home: string, place: SessionPlace): Generator<SessionFile> {
  for (const path of pathsBelow(home, place.path)) {
    if (place.ending !== undefined && !path.endsWith(place.ending)) continue;
    const bytes = place.sqlite === true ? copyOf(ports, join(home, path)) : read(join(home, path));
    if (bytes !== null) yield { path, bytes: place.sqlite === true ? bytes : withoutSecrets(ports, bytes) };
  }
}

/** Files only, sorted; links lead elsewhere and are no session of this agent. */
function* pathsBelow(home: string, path: string): Generator<string> {
  const found = statSync(join(home, path), { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isFile()) yield path;
  if (!found.isDirectory()) return;
  const entries = readdirSync(join(home, path), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isFile()) yield `${path}/${entry.name}`;
    if (entry.isDirectory()) yield* pathsBelow(home, `${path}/${entry.name}`);
  }
}

/** Null when it is gone meanwhile. */
function read(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function copyOf(ports: SessionFilePorts, file: string): Buffer | null {
  const dir = mkdtempSync(join(tmpdir(), 'codeframe-session-'));
  try {
    ports.copyDatabase(file, join(dir, 'copy.db'));
    return readFileSync(join(dir, 'copy.db'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Line by line: a session is long, and its lines are what repeats from one checkpoint to the next. */
function withoutSecrets(ports: SessionFilePorts, bytes: Buffer): Uint8Array {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) return bytes;
  const redacted = text
    .split('\n')
    .map((line) => ports.secrets.redact(line).text)
    .join('\n');
  return Buffer.from(redacted);
}

/** Whether one of the session files is named for a session. */
export function hasSessionFile(home: string, places: readonly SessionPlace[], sessionId: string): boolean {
  return places.some(({ path }) => [...pathsBelow(home, path)].some((file) => file.includes(sessionId)));
}
