// The demo's slow command: looks at package.json for two seconds, so that a pause finds it in the middle.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { name, version, license } = JSON.parse(readFileSync('package.json', 'utf8'));
await sleep(2000);
console.log(`${name} ${version} (${license}): package.json can be read`);
