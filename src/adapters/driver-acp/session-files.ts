import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionFile } from '../../agent/home.ts';
import { changeBytes } from '../../secret/change-bytes.ts';
import type { Secrets } from '../../secret/secrets.ts';
import { quirkOf } from './all-quirks.ts';
import { sessionFilesIn } from './session-places.ts';

export interface SessionFilePorts {
  readonly secrets: Pick<Secrets, 'redact' | 'putBack'>;
  /** Copies a database that may be written meanwhile. */
  readonly copyDatabase: (from: string, to: string) => void;
  /** Changes every text of a database that nobody else has open. */
  readonly changeTexts: (file: string, change: (text: string) => string) => void;
}

/** The session files of an agent's HOME by its driver's list, without secrets. Null when the HOME is gone. */
export function readSessionFiles(
  ports: SessionFilePorts & { readonly homesDir: string },
  agent: { readonly name: string; readonly driver: string },
): readonly SessionFile[] | null {
  const home = join(ports.homesDir, agent.name);
  const quirk = quirkOf(agent.driver);
  if (quirk === undefined || !existsSync(home)) return null;
  const redact = (text: string): string => ports.secrets.redact(text).text;
  const files: SessionFile[] = [];
  for (const { path, place } of sessionFilesIn(home, quirk.sessionFiles)) {
    const bytes =
      place.sqlite === true
        ? inCopy((copy) => {
            ports.copyDatabase(join(home, path), copy);
            ports.changeTexts(copy, redact);
          })
        : read(join(home, path));
    if (bytes === null) continue;
    files.push({ path, bytes: place.sqlite === true ? bytes : changeBytes({ path, bytes }, redact) });
  }
  return files;
}

/** Session files of a checkpoint, with the secrets that this process knows where the agent had them. */
export function putBackSecrets(
  ports: Pick<SessionFilePorts, 'secrets' | 'changeTexts'>,
  files: readonly SessionFile[],
): readonly SessionFile[] {
  const putBack = (text: string): string => ports.secrets.putBack(text);
  return files.map(({ path, bytes }) => ({
    path,
    bytes: isDatabase(bytes)
      ? inCopy((copy) => {
          writeFileSync(copy, bytes, { mode: 0o600 });
          ports.changeTexts(copy, putBack);
        })
      : changeBytes({ path, bytes }, putBack),
  }));
}

const databaseMagic = 'SQLite format 3\0';

function isDatabase(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, databaseMagic.length)).toString('latin1') === databaseMagic;
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

/** What some work leaves in a file that only it sees. */
function inCopy(work: (copy: string) => void): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'codeframe-session-'));
  try {
    work(join(dir, 'copy.db'));
    return readFileSync(join(dir, 'copy.db'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
