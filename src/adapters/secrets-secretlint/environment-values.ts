import { readFileSync, readdirSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { valueMin, type KnownValue } from '../../secret/known-values.ts';
import { kindName } from '../../secret/placeholder.ts';
import { isSecretVariable } from '../../secret/secret-name.ts';
import { isPlace, isEmptyOfMeaning, judgeValue } from '../../secret/value-look.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How often the files are looked at again, and how often new directories are looked for, in ms. */
const lookMs = 100;
const searchMs = 30_000;
const depthMax = 2;
const directoriesMax = 100;
const fileBytesMax = 256 * 1024;

/**
 * The secrets in a process's environment and in the project's `.env` files, as they are now: the same list as long as
 * nothing changed.
 */
export function environmentValues(place: {
  readonly root: string;
  readonly env: Environment;
}): () => readonly KnownValue[] {
  const own = unique(valuesOf(place.env));
  let values = own;
  let seen = '';
  let directories: readonly string[] = [];
  let [lookedAt, searchedAt] = [-Infinity, -Infinity];
  return () => {
    const now = performance.now();
    if (now - lookedAt < lookMs) return values;
    lookedAt = now;
    if (now - searchedAt > searchMs) {
      directories = directoriesOf(place.root);
      searchedAt = now;
    }
    const files = directories.flatMap(envFilesIn);
    const state = files.map(stateOf).join();
    if (state === seen) return values;
    seen = state;
    values = unique([...own, ...files.flatMap((file) => valuesOf(parseEnvFile(readText(file))))]);
    return values;
  };
}

/** Those of the variables that hold a secret, by their name or by how they look. */
function valuesOf(env: Environment): readonly KnownValue[] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : valuesIn(name, value)));
}

function valuesIn(name: string, value: string): readonly KnownValue[] {
  const kind = `env-${kindName(name)}`;
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^\s/@]*:([^\s/@]+)@/i.exec(value)?.[1];
  if (password !== undefined) return longEnough(kind, [value, password, decoded(password)]);
  const named = isSecretVariable(name) && !isPlace(value) && !isEmptyOfMeaning(value);
  return named
    ? longEnough(kind, [value, value.trim(), ...value.split(/\r?\n/).filter((line) => line.length >= 40)])
    : [];
}

function longEnough(kind: string, values: readonly string[]): readonly KnownValue[] {
  return values
    .filter((value) => value.length >= valueMin && !isEmptyOfMeaning(value))
    .map((value) => ({ kind, value }));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unique(values: readonly KnownValue[]): readonly KnownValue[] {
  return [...new Map(values.map((one) => [one.value, one])).values()];
}

/** The project's directories, the nearest first, without those that hold other people's code. */
function directoriesOf(root: string): readonly string[] {
  const found = [root];
  let level = [root];
  for (let depth = 1; depth < depthMax && found.length < directoriesMax; depth++) {
    level = level.flatMap((dir) =>
      entriesOf(dir)
        .filter(
          (entry) =>
            entry.isDirectory() && !/^(?:\.|node_modules$|vendor$|target$|dist$|build$)/.test(entry.name),
        )
        .map((entry) => join(dir, entry.name)),
    );
    found.push(...level);
  }
  return found.slice(0, directoriesMax);
}

function envFilesIn(dir: string): readonly string[] {
  return entriesOf(dir)
    .filter((entry) => entry.isFile() && /^\.env(?:\..+|rc)?$/.test(entry.name))
    .filter(({ name }) => !/example|sample|template|dist$/i.test(name))
    .map(({ name }) => join(dir, name));
}

function entriesOf(dir: string): readonly Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    // It went, or it is not for us: nothing of it is known then.
    return [];
  }
}

function stateOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return `${file}:${stat?.ino}:${stat?.mtimeNs}:${stat?.size}`;
}

function readText(file: string): string {
  try {
    return statSync(file).size > fileBytesMax ? '' : readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const assignment =
  /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*(?:'([^']*)'|"((?:\\.|[^"\\])*)"|`([^`]*)`|([^#\r\n]*))/gm;

/** `NAME=value` lines as dotenv reads them; names that say nothing count when the value looks like a secret. */
function parseEnvFile(text: string): Environment {
  const env: Record<string, string> = {};
  for (const [, name = '', single, double, tick, bare] of text.matchAll(assignment)) {
    const value = single ?? double?.replaceAll('\\n', '\n') ?? tick ?? bare?.trim() ?? '';
    const looks = judgeValue({ value, name: 'secret', quoted: true })?.sure === true;
    env[looks && !isSecretVariable(name) ? `${name}_SECRET` : name] = value;
  }
  return env;
}
