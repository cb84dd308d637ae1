// The demo's program: counts the lines of the tracked files, one file every 20 ms, into counts.txt.
// It knows nothing of codeframe. It starts again where its log ends, so that a run that was cut can be run again.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
  .split('\0')
  .filter(Boolean)
  .slice(0, 150);
const counted = existsSync('counts.txt')
  ? new Set(
      readFileSync('counts.txt', 'utf8')
        .split('\n')
        .map((line) => line.split('\t')[1]),
    )
  : new Set();
for (const file of files) {
  if (counted.has(file) || !existsSync(file)) continue;
  appendFileSync('counts.txt', `${readFileSync(file, 'utf8').split('\n').length}\t${file}\n`);
  await sleep(20);
}
console.log(`counted the lines of ${files.length} files`);
