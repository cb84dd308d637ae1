import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import type { SessionFile } from '../../agent/home.ts';
import { CodeframeError } from '../../failure.ts';
import type { Quirk, Seat } from './quirk.ts';

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

  /** Makes its session files exactly these. Only when that is done may whoever asked for it forget that it is to be done. */
  putSession(files: readonly SessionFile[]): void {
    for (const { path, sqlite } of this.#quirk.sessionFiles) {
      const beside = sqlite === true ? ['', '-wal', '-shm', '-journal'] : [''];
      for (const ending of beside) rmSync(this.#path(`${path}${ending}`), { recursive: true, force: true });
    }
    for (const { path, bytes } of files) {
      if (!this.#isSessionFile(path)) {
        const problem = `${path} is no session file of ${this.#quirk.name}`;
        throw new CodeframeError({ code: 'invalid-argument', argument: 'checkpoint', problem });
      }
      const file = this.#path(path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, bytes, { mode: 0o600, flush: true });
    }
  }

  #isSessionFile(path: string): boolean {
    if (path.split('/').includes('..')) return false;
    return this.#quirk.sessionFiles.some((place) => path === place.path || path.startsWith(`${place.path}/`));
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
    if (isThere(to) && !lstatSync(to).isSymbolicLink()) {
      if (statSync(to).mtimeMs > statSync(from).mtimeMs) copyFileSync(to, from);
      rmSync(to);
    }
    this.#link(place);
  }

  #path(place: string): string {
    const path = resolve(this.dir, place);
    if (!path.startsWith(`${this.dir}${sep}`)) throw new Error(`${place} leads out of the HOME`);
    return path;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
