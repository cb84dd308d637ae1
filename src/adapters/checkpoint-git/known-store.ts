import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectFormat } from './store-place.ts';

/**
 * What `git init --bare` writes, of which nothing changes how git reads a store but the format of objects. A setting in
 * another section, or another one of these, is for git to say.
 */
const harmless = /^\t(?:repositoryformatversion = [01]|filemode = (?:true|false)|bare = true)$/;
const extension = /^\t(?:objectformat = (?<format>sha1|sha256)|refstorage = files)$/i;

/**
 * The object format of a store with just these settings below those of git; undefined when only git can tell, which has
 * to be started for it and waited for.
 */
export function knownFormat(dir: string, settings: string): ObjectFormat | undefined {
  const written = readStore(dir);
  if (written?.config.endsWith(settings) !== true || !/^ref: refs\/heads\/[\w-]+\n$/.test(written.head))
    return undefined;
  const own = written.config.slice(0, -settings.length);
  let section = '';
  let format: ObjectFormat = 'sha1';
  for (const line of own.split('\n').slice(0, -1)) {
    if (line === '[core]' || line === '[extensions]') section = line;
    else if (section === '[extensions]' && extension.test(line))
      format = extension.exec(line)?.groups?.['format'] === 'sha256' ? 'sha256' : format;
    else if (section !== '[core]' || !harmless.test(line)) return undefined;
  }
  return own.includes('\tbare = true\n') ? format : undefined;
}

function readStore(dir: string): { readonly config: string; readonly head: string } | undefined {
  try {
    const areThere = ['objects', 'refs'].every((name) => statSync(join(dir, name)).isDirectory());
    if (!areThere) return undefined;
    const [config, head] = ['config', 'HEAD'].map((name) => readFileSync(join(dir, name), 'utf8'));
    return { config: config ?? '', head: head ?? '' };
  } catch {
    // git says what is wrong with it.
    return undefined;
  }
}
