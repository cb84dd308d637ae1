import { isAscii } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import type { CodeCache } from './code-cache.ts';

/** A piece of the program that was loaded. */
export interface Chunk {
  readonly name: string;
  readonly source: Buffer;
  readonly script: Script;
  /** V8 had to compile it. */
  readonly isNew: boolean;
}

type Run = (
  this: void,
  ...given: readonly [exports: object, require: (name: string) => unknown, module: object, file: string]
) => void;

/**
 * Loads the CommonJS files that the program is built into, as `require` does, but with the code that V8 made of them
 * before: that takes a third of the time, and Node 20 has no such cache of its own.
 */
export class Chunks {
  readonly #dist: string;
  readonly #cache: CodeCache;
  readonly #modules = new Map<string, { exports: object }>();
  readonly #loaded: Chunk[] = [];

  constructor(dist: string, cache: CodeCache) {
    this.#dist = dist;
    this.#cache = cache;
  }

  loaded(): readonly Chunk[] {
    return this.#loaded;
  }

  /** The exports of a file, which is run the first time. */
  load(file: string): object {
    const known = this.#modules.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    this.#modules.set(file, module);
    const run = this.#compile(file).runInThisContext() as Run;
    run(module.exports, this.#requireFrom(file), module, file);
    return module.exports;
  }

  #requireFrom(file: string): (name: string) => unknown {
    const others = createRequire(file);
    return Object.assign(
      (name: string) => (name.startsWith('./') ? this.load(path.join(this.#dist, name)) : others(name)),
      others,
    );
  }

  #compile(file: string): Script {
    const name = path.basename(file);
    const source = readFileSync(file);
    const cachedData = this.#cache.find(name, source);
    const text = source.toString(isAscii(source) ? 'latin1' : 'utf8');
    const script = new Script(`(function (exports, require, module, __filename) {${text}\n})`, {
      filename: file,
      ...(cachedData !== undefined && { cachedData }),
    });
    const isNew = cachedData === undefined || script.cachedDataRejected === true;
    this.#loaded.push({ name, source, script, isNew });
    return script;
  }
}
