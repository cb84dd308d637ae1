import { accessSync, constants, existsSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { CodeframeError } from '../../failure.ts';
import type { Ids } from '../../ids.ts';
import type { ProjectPlace } from '../../project/config.ts';
import { configPathIn, createConfig, nameMax, parseConfig, readConfig, replaceId } from './config-file.ts';
import { failureOf, makePrivateDir } from '../durable-file.ts';
import { findLost, findUnnamed, keepConfig } from './lost-project.ts';
import { claimOrigin, readOrigin } from './origin.ts';

/** Where codeframe keeps all projects' data: `$CODEFRAME_HOME`, or `~/.codeframe`. */
export function dataHome(env: Readonly<Record<string, string | undefined>>): string {
  const set = env['CODEFRAME_HOME'];
  if (set !== undefined && set !== '') return absolute(set);
  const home = userHome();
  if (home === null) throw invalid('CODEFRAME_HOME', 'it is not set, and this user has no home directory');
  return join(home, '.codeframe');
}

/** Null for a user whom the system does not know, as in many containers. */
function userHome(): string | null {
  try {
    return homedir();
  } catch {
    return null;
  }
}

/** As `resolve`. When the directory that we are in is gone, the shell still knows what it was called. */
function absolute(path: string): string {
  try {
    return resolve(path);
  } catch (error) {
    const { PWD: known } = process.env;
    if (known === undefined || !isAbsolute(known)) throw failureOf(error, '.', 'look at it');
    return resolve(known, path);
  }
}

/**
 * The project that a directory is in: the nearest one upwards, or the one whose directory this was before its config
 * was taken away. Makes its data directories when this machine has none yet.
 * Throws `not-a-project`, `corrupt-config`, `copied-project`.
 */
export function findProject(startDir: string, options: { readonly home: string }): ProjectPlace {
  const home = realPath(options.home);
  const start = realPath(absolute(startDir));
  for (const dir of upwards(start)) {
    // `~/.codeframe` is the data of all projects, and no project's own directory.
    const config = join(dir, '.codeframe') === home ? null : readConfig(dir);
    if (config !== null) return claim(dir, home);
  }
  const lost = findLost(start, home);
  if (lost === undefined) throw new CodeframeError({ code: 'not-a-project', dir: start });
  return { ...lost, configPath: configPathIn(lost.dir) };
}

export interface NewProject {
  /** The directory's own name when not given. */
  readonly name?: string | undefined;
  readonly ids: Ids;
  readonly home: string;
}

/**
 * Makes a project of a directory, which is made when it is not there. A copy of another project gets an id of its own;
 * a project whose config was cleaned away gets it back.
 * Throws `unsafe-directory`, `already-a-project`, `corrupt-config`, `no-permission`. A crash in between leaves no project.
 */
export function createProject(wanted: string, { name, ids, home: givenHome }: NewProject): ProjectPlace {
  if (name !== undefined && (name === '' || name.length > nameMax))
    throw invalid('name', `it has to have 1 to ${nameMax} characters`);
  const home = realPath(givenHome);
  refuseUnsafe(realPath(absolute(wanted)), home);
  const dir = makeDir(absolute(wanted));
  refuseUnsafe(dir, home);
  const known = readConfig(dir);
  const unnamed = known === null ? findUnnamed(dir, home) : undefined;
  if (unnamed !== undefined) {
    createConfig(dir, { ...unnamed.config, ...(name !== undefined && { name }) });
    return claim(dir, home);
  }
  const id = ids.next('project');
  if (known !== null && copiedFrom(dir, home) === null)
    throw new CodeframeError({ code: 'already-a-project', dir, projectId: known.id });
  makeDataDirs(join(home, 'projects', id));
  if (known !== null) replaceId(dir, id);
  if (known === null) {
    const settings = { allow: [], include: [] };
    createConfig(dir, { id, name: name ?? basename(dir).slice(0, nameMax), settings });
  }
  return claim(dir, home);
}

/**
 * The place for a project that comes from elsewhere: a directory that is not there or empty, or one that is this project
 * already (a clone). Nothing is changed. `there`: the project's data are on this machine.
 * Throws `directory-in-use`, `unsafe-directory`.
 */
export function findArrival(
  wanted: string,
  options: { readonly projectId: string; readonly home: string },
): { readonly dir: string; readonly there: boolean; readonly isEmpty: boolean } {
  const home = realPath(options.home);
  const dir = realPath(absolute(wanted));
  refuseUnsafe(dir, home);
  const dataDir = join(home, 'projects', options.projectId);
  const there = ['state.db', 'store.git'].some((name) => existsSync(join(dataDir, name)));
  const others = namesIn(dir).filter((name) => name !== '.codeframe' && name !== '.git');
  const origin = readOrigin(dataDir);
  const place = { dir, there, isEmpty: others.length === 0 };
  if (readConfig(dir)?.id === options.projectId || (there && origin?.dir === dir)) return place;
  if (there && origin !== null && existsSync(configPathIn(origin.dir)))
    throw new CodeframeError({
      code: 'directory-in-use',
      dir,
      problem: `on this machine it is in ${origin.dir}`,
    });
  refuseUsed(dir, others);
  return place;
}

/** Makes it this project, when it is not; see `findArrival`. */
export function arrive(
  dir: string,
  arriving: {
    readonly projectId: string;
    readonly name: string;
    readonly config: unknown;
    readonly home: string;
  },
): ProjectPlace {
  const home = realPath(arriving.home);
  const made = makeDir(dir);
  makeDataDirs(join(home, 'projects', arriving.projectId));
  if (readConfig(made) === null) {
    const given = parseConfig(arriving.config);
    const settings = { allow: [], include: [] };
    const own = { id: arriving.projectId, name: arriving.name.slice(0, nameMax) || basename(made), settings };
    createConfig(made, given?.id === arriving.projectId ? given : own);
  }
  return claim(made, home);
}

function refuseUsed(dir: string, names: readonly string[]): void {
  const known = readConfig(dir);
  const problem =
    known === null
      ? `there is work in it (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`
      : `it is the project ${known.name} (${known.id})`;
  if (known !== null || names.length > 0)
    throw new CodeframeError({ code: 'directory-in-use', dir, problem });
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') throw invalid(dir, 'it is not a directory');
    throw failureOf(error, dir, 'look at it');
  }
}

function claim(dir: string, home: string): ProjectPlace {
  const originDir = copiedFrom(dir, home);
  const config = readConfig(dir);
  if (config === null) throw new CodeframeError({ code: 'not-a-project', dir });
  if (originDir !== null)
    throw new CodeframeError({ code: 'copied-project', dir, originDir, projectId: config.id });
  keepConfig(config, join(home, 'projects', config.id));
  return { config, configPath: configPathIn(dir), dir, dataDir: join(home, 'projects', config.id) };
}

/** Null when the project's data belong to this directory. */
function copiedFrom(dir: string, home: string): string | null {
  const config = readConfig(dir);
  if (config === null) return null;
  const dataDir = join(home, 'projects', config.id);
  makeDataDirs(dataDir);
  return claimOrigin(dir, dataDir, config.id);
}

function makeDataDirs(dataDir: string): void {
  for (const name of ['journal', 'backups', 'logs']) makePrivateDir(join(dataDir, name));
}

function refuseUnsafe(dir: string, home: string): void {
  const why = unsafe(dir, home);
  if (why !== null) throw new CodeframeError({ code: 'unsafe-directory', dir, why });
}

function unsafe(dir: string, home: string): 'root' | 'home' | 'inside-data' | null {
  if (dirname(dir) === dir) return 'root';
  const ownHome = userHome();
  if (ownHome !== null && dir === realPath(ownHome)) return 'home';
  // Either way agents' clean-ups would reach what a restore needs.
  if (isInside(dir, home) || isInside(home, dir)) return 'inside-data';
  return null;
}

function isInside(path: string, dir: string): boolean {
  return path === dir || path.startsWith(dir.endsWith(sep) ? dir : dir + sep);
}

function makeDir(wanted: string): string {
  try {
    mkdirSync(wanted, { recursive: true });
    const dir = realpathSync(wanted);
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    return dir;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['EEXIST', 'ENOTDIR'].includes(code) || isFile(wanted))
      throw invalid(wanted, 'it is not a directory');
    throw failureOf(error, wanted, 'make it a project');
  }
}

function invalid(argument: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'invalid-argument', argument, problem });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

/** With the links resolved as far as the path exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw failureOf(error, path, 'look at it');
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

function* upwards(start: string): Iterable<string> {
  for (let dir = start; ; dir = dirname(dir)) {
    yield dir;
    if (dirname(dir) === dir) return;
  }
}
