import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import type { SessionFile } from '../../agent/home.ts';
import { CodeframeError } from '../../failure.ts';
import { handBackLogin } from './own-login.ts';
import type { Quirk, Seat } from './quirk.ts';
import { placeOf, sessionFilesIn } from './session-places.ts';

/** What the commands that an agent runs look for in a HOME: the user's own, by a link. */
const toolPlaces = [
  '.gitconfig',
  '.config/git',
  '.ssh',
  '.gnupg',
  '.netrc',
  '.npmrc',
  '.yarnrc.yml',
  '.cargo',
  '.rustup',
  '.nvm',
  '.pyenv',
  '.m2',
  '.gradle',
  '.docker',
];

/** Where session files wait until all of them are written. */
const stageName = '.codeframe-session';

/** The HOME of an agent, in the project's data. */
export class OwnHome {
  readonly dir: string;
  readonly #quirk: Quirk;
  readonly #userHome: string;

  constructor(place: { readonly dir: string; readonly quirk: Quirk; readonly userHome: string }) {
    this.dir = place.dir;
    this.#quirk = place.quirk;
    this.#userHome = place.userHome;
  }

  /** False when somebody has taken it away, or it was never made. */
  exists(): boolean {
    return existsSync(this.dir);
  }

  /** Makes it, with the user's login and settings by the driver's list, and codeframe's files. May be called again. */
  prepare(seat: Seat): void {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    for (const place of [...toolPlaces, ...this.#quirk.settings]) this.#link(place);
    for (const place of this.#quirk.logins) this.#takeLogin(place);
    for (const [place, text] of Object.entries(this.#quirk.files(seat))) {
      const file = this.#path(place);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, text, { mode: 0o600 });
    }
  }

  /**
   * Makes its session files exactly these, and changes nothing else: what a checkpoint does not take along stays. All of
   * them are looked at and written beside before the first is replaced; one that is killed is done again as a whole. Only
   * when it is done may whoever asked for it forget that it is to be done.
   */
  putSession(files: readonly SessionFile[]): void {
    const present = new Set([...sessionFilesIn(this.dir, this.#quirk.sessionFiles)].map(({ path }) => path));
    for (const { path } of files) this.#refuse(path, present);
    const staged = this.#stage(files);
    const wanted = new Set(files.map(({ path }) => path));
    for (const path of present) if (!wanted.has(path)) rmSync(this.#path(path), { force: true });
    for (const { path, sqlite } of this.#quirk.sessionFiles) {
      // The log of a later database would be played back into an earlier one.
      if (sqlite !== true) continue;
      for (const ending of ['-wal', '-shm', '-journal'])
        rmSync(this.#path(`${path}${ending}`), { force: true });
    }
    for (const { path, from } of staged) {
      mkdirSync(dirname(this.#path(path)), { recursive: true, mode: 0o700 });
      renameSync(from, this.#path(path));
    }
    rmSync(this.#path(stageName), { recursive: true, force: true });
  }

  /** In a directory of its own, so that a half-written one is never taken for a session. */
  #stage(files: readonly SessionFile[]): readonly { readonly path: string; readonly from: string }[] {
    const dir = this.#path(stageName);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return files.map(({ path, bytes }, index) => {
      const from = join(dir, String(index));
      writeFileSync(from, bytes, { mode: 0o600, flush: true });
      return { path, from };
    });
  }

  /** Throws when a path is none of a session file, or what is in its way is no session file. */
  #refuse(path: string, present: ReadonlySet<string>): void {
    if (placeOf(this.#quirk.sessionFiles, path) === undefined)
      throw refused(`${path} is no session file of ${this.#quirk.name}`);
    const names = path.split('/');
    for (let depth = 1; depth <= names.length; depth += 1) {
      const part = names.slice(0, depth).join('/');
      const found = lstatSync(this.#path(part), { throwIfNoEntry: false });
      if (found === undefined || present.has(part)) return;
      if (depth < names.length && found.isDirectory()) continue;
      throw refused(`${part} in the HOME of the agent is in the way of its session: move it away`);
    }
  }

  /** What is there already is the agent's. */
  #link(place: string): void {
    const from = join(this.#userHome, place);
    const to = this.#path(place);
    if (!existsSync(from) || isThere(to)) return;
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    symlinkSync(from, to);
  }

  /**
   * A login is renewed by whoever uses it: a link, so that the user's own stays the only one. An agent that replaces
   * the link has the newer one, and hands it back when it starts again.
   */
  #takeLogin(place: string): void {
    const from = join(this.#userHome, place);
    const to = this.#path(place);
    if (!existsSync(from)) return;
    if (isThere(to) && !lstatSync(to).isSymbolicLink()) handBackLogin(to, from);
    this.#link(place);
  }

  #path(place: string): string {
    const path = resolve(this.dir, place);
    if (!path.startsWith(`${this.dir}${sep}`)) throw new Error(`${place} leads out of the HOME`);
    return path;
  }
}

function refused(problem: string): CodeframeError {
  return new CodeframeError({ code: 'invalid-argument', argument: 'checkpoint', problem });
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
