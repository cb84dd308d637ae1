// Makes the synthetic sessions that the repository carries: `node make-synthetic.js DIRECTORY`. Same seed, same bytes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

import { random } from './bootstrap.ts';

const VERBS = [
  'parse',
  'render',
  'merge',
  'resolve',
  'encode',
  'verify',
  'collect',
  'split',
  'publish',
  'restore',
];
const NOUNS = [
  'Header',
  'Invoice',
  'Session',
  'Cursor',
  'Manifest',
  'Ticket',
  'Layout',
  'Sensor',
  'Parcel',
  'Ledger',
];
const TASKS = 9;
const FILES = 14;

interface Item {
  readonly kind: string;
  readonly step: number;
  readonly text: string;
  readonly [key: string]: unknown;
}

/** An agent that works through tasks on a small repository: it searches, reads, edits, tests and commits. */
class Agent {
  readonly items: Item[] = [];
  readonly #files: Map<string, string[]>;
  readonly #next: () => number;
  #step = 0;
  #calls = 0;

  constructor(seed: number) {
    this.#next = random(seed);
    this.#files = new Map(
      Array.from({ length: FILES }, (_, n) => [
        `src/part${n}/${this.#name().toLowerCase()}${n}.ts`,
        this.#code(n),
      ]),
    );
  }

  task(): void {
    const paths = [...this.#files.keys()].filter(() => this.#next() < 0.3).slice(0, 4);
    const rule = `${this.#name()}Rule`;
    this.#say(
      'user',
      `Make ${paths.map((path) => path.split('/').at(-1)).join(', ')} respect ${rule} and keep the tests green.`,
    );
    this.#call('Grep', { pattern: rule, path: 'src' }, this.#search());
    for (const path of paths) this.#call('Read', { file_path: path }, numbered(this.#files.get(path) ?? []));
    this.#say('assistant', `I will add ${rule} to ${paths.length} files, one after the other.`);
    for (const path of paths) this.#edit(path, rule);
    this.#call('Bash', { command: 'npm test' }, this.#testRun());
    this.#call(
      'Bash',
      { command: `git commit -am "${rule}"` },
      `[main ${this.#hash()}] ${rule}\n ${paths.length} files changed`,
    );
  }

  #edit(path: string, rule: string): void {
    const lines = this.#files.get(path) ?? [];
    const at = Math.floor(this.#next() * (lines.length - 4));
    const old = lines.slice(at, at + 3);
    const now = [old[0] ?? '', `  apply${rule}(state, ${at});`, ...old.slice(1)];
    lines.splice(at, 3, ...now);
    const input = { file_path: path, old_string: old.join('\n'), new_string: now.join('\n') };
    this.#call('Edit', input, `The file ${path} has been updated.`);
  }

  #call(tool: string, input: Readonly<Record<string, string>>, result: string): void {
    this.#step += 1;
    this.#calls += 1;
    const about = {
      tool,
      callId: `call_${this.#calls}`,
      ...(input['file_path'] === undefined ? {} : { path: input['file_path'] }),
    };
    this.#add({ kind: 'call', step: this.#step, ...about, input, text: JSON.stringify(input) });
    this.#add({ kind: 'result', step: this.#step, ...about, text: result });
  }

  #say(kind: string, text: string): void {
    this.#add({ kind, step: this.#step, text });
  }

  #add(item: Item): void {
    this.items.push({ segment: 0, ...item, tokens: countTokens(item.text) + 4 });
  }

  #name(): string {
    const pick = (words: readonly string[]): string => words[Math.floor(this.#next() * words.length)] ?? '';
    return `${pick(VERBS)}${pick(NOUNS)}${Math.floor(this.#next() * 90)}`;
  }

  #hash(): string {
    return Math.floor(this.#next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }

  #code(n: number): string[] {
    const functions = Array.from({ length: 8 }, () => {
      const name = this.#name();
      const body = Array.from(
        { length: 7 },
        (_, at) => `  const ${name}Part${at} = ${this.#name()}(state, ${at});`,
      );
      return [
        `export function ${name}(state: State${n}): void {`,
        ...body,
        `  return ${name}Part0;`,
        '}',
        '',
      ];
    });
    return [`import { State${n} } from './state${n}.ts';`, '', ...functions.flat()];
  }

  #search(): string {
    return Array.from(
      { length: 25 },
      () =>
        `src/part${Math.floor(this.#next() * FILES)}/${this.#name()}.ts:${Math.floor(this.#next() * 400)}: ${this.#name()}(state);`,
    ).join('\n');
  }

  #testRun(): string {
    const lines = Array.from(
      { length: 40 },
      () => ` ok ${this.#name()} does what it says (${Math.floor(this.#next() * 90)} ms)`,
    );
    if (this.#next() < 0.4) lines.splice(20, 0, ` FAIL ${this.#name()} expected 3, got 4`);
    return lines.join('\n');
  }
}

function numbered(lines: readonly string[]): string {
  return lines.map((line, at) => `${String(at + 1).padStart(6)}→${line}`).join('\n');
}

const directory = process.argv[2] ?? 'bench/context/synthetic';
for (let seed = 1; seed <= 4; seed += 1) {
  const agent = new Agent(seed);
  for (let task = 0; task < TASKS; task += 1) agent.task();
  const head = {
    session: `synthetic-${seed}`,
    agent: 'synthetic',
    repository: 'synthetic',
    licence: 'Apache-2.0',
  };
  const text = `${[head, ...agent.items].map((line) => JSON.stringify(line)).join('\n')}\n`;
  writeFileSync(join(directory, `synthetic-${seed}.jsonl.gz`), gzipSync(text, { level: 9 }));
}
