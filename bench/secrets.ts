import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { secretlintRules } from '../src/adapters/secrets-secretlint/secretlint-rules.ts';
import { createSecretFinder } from '../src/secret/find-secrets.ts';
import { textOf } from '../src/secret/text-of.ts';
import { plantSecrets } from '../test/rig/planted-secrets.ts';

/*
 * How fast texts are searched, what is found of planted secrets, and how often ordinary code is taken for one. Ordinary
 * code: the sources in node_modules, or in the directories that are given. `--show` prints what was found there.
 */
const bytesWanted = 50_000_000;
const args = process.argv.slice(2);
const directories = args.filter((arg) => !arg.startsWith('--'));

const find = createSecretFinder([], secretlintRules());
measureRecall();
measureCode(readCode(directories.length === 0 ? ['node_modules'] : directories));

function measureRecall(): void {
  const planted = Array.from({ length: 20 }, (_, seed) => plantSecrets(seed)).flat();
  const missed = planted.filter(({ line, value }) => {
    const left = find(line).reduceRight((text, { from, to }) => text.slice(0, from) + text.slice(to), line);
    return left.includes(value);
  });
  const kinds = new Set(planted.map(({ kind }) => kind)).size;
  console.log(`planted: ${planted.length} of ${kinds} kinds, missed ${missed.length}`);
}

interface Code {
  readonly file: string;
  readonly text: string;
}

function measureCode(files: readonly Code[]): void {
  const bytes = files.reduce((sum, { text }) => sum + text.length, 0);
  const counts = new Map<string, number>();
  for (let round = 1; round <= 3; round++) {
    counts.clear();
    const began = process.cpuUsage().user;
    for (const file of files) count(file, counts);
    const seconds = (process.cpuUsage().user - began) / 1e6;
    console.log(`round ${round}: ${(bytes / 1e6 / seconds).toFixed(0)} MB/s of processor time`);
  }
  if (args.includes('--show')) for (const file of files) show(file);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const per10 = ((total / bytes) * 10e6).toFixed(1);
  console.log(
    `ordinary code: ${(bytes / 1e6).toFixed(1)} MB in ${files.length} files, ${total} found, ${per10} in 10 MB`,
  );
  for (const [kind, count] of [...counts].toSorted((a, b) => b[1] - a[1])) console.log(`  ${count} ${kind}`);
}

function count({ text }: Code, counts: Map<string, number>): void {
  for (const { kind, sure } of find(text)) {
    const name = sure ? kind : `${kind} (unsure)`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

function show({ file, text }: Code): void {
  for (const { from, to, kind } of find(text)) {
    console.log(`  ${file}: ${kind}: ${JSON.stringify(text.slice(Math.max(0, from - 20), to))}`);
  }
}

function readCode(roots: readonly string[]): readonly Code[] {
  const found: Code[] = [];
  let bytes = 0;
  for (const root of roots) {
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(?:[cm]?[jt]sx?|json|md|py|go|rs|java|rb|sh|ya?ml)$/.test(entry.name))
        continue;
      const file = path.join(entry.parentPath, entry.name);
      const text = textOf(readFileSync(file));
      if (text === null) continue;
      found.push({ file, text });
      bytes += text.length;
      if (bytes > bytesWanted) return found;
    }
  }
  return found;
}
