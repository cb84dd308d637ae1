import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CaseProject } from '../../rig/case-project.ts';
import { randomTree } from '../../rig/random-tree.ts';
import { seededRandom } from '../../rig/random.ts';
import { makeTree } from '../../rig/real-tree.ts';
import { treeFacts } from '../../rig/tree-facts.ts';
import { applyStep, randomStep } from '../../rig/tree-steps.ts';
import { seed } from '../../rig/same-everywhere.ts';

/** A program that knows nothing of ours packs the tree, and unpacks it elsewhere. */
function packed(project: CaseProject, name: string): string {
  const dir = `${project.place}/tar-${name}`;
  mkdirSync(dir);
  const pack = `tar --create --sort=name --file=- . | tar --extract --same-permissions --file=- --directory='${dir}'`;
  execFileSync('sh', ['-c', pack], { cwd: project.root });
  return dir;
}

/** As GNU tar and find tell of it: kind, mode, size, link, and the sums of all bytes. */
function told(dir: string): string {
  const find = `find . -mindepth 1 -not -path './.git' -not -path './.git/*' -printf '%y %m %l %P\\0' | LC_ALL=C sort -z`;
  const sums = `find . -type f -not -path './.git/*' -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum -z --`;
  return execFileSync('bash', ['-c', `${find}; ${sums}`], { cwd: dir }).toString('latin1');
}

describe('a checkpoint against a tar of the same tree', () => {
  it(
    '70. restored into an empty directory it is what tar unpacks, for hard trees, seed ' + seed,
    async () => {
      await using project = await CaseProject.make({ git: false });
      const trees = fc.sample(randomTree(['a', 'b', '\xff\n', '.git~1', ' ']), { numRuns: 4, seed });
      const makers: (() => void | Promise<void>)[] = trees.map((tree) => () => makeTree(project.root, tree));
      makers.push(() => {
        const random = seededRandom(seed);
        for (let step = 0; step < 300; step++) {
          const next = randomStep(random);
          if (next.do !== 'git' && next.do !== 'make-repository') applyStep(project.root, next);
        }
      });
      makers.push(() => {
        for (let i = 0; i < 300; i++)
          project.write(`many/${i % 7}/${i}`, `${i}`.repeat(i), i % 3 === 0 ? 0o755 : 0o640);
        linkSync(project.path('many/1/1'), project.path('many/linked'));
        project.link('\xff'.repeat(1_000), 'bytes');
        mkdirSync(project.path('empty/in/empty'), { recursive: true });
        chmodSync(project.path('empty/in'), 0o1777);
      });
      for (const [index, make] of makers.entries()) {
        const config = execFileSync('cat', [project.path('.codeframe/config.json')]);
        await make();
        project.write('.codeframe/config.json', config, 0o644);
        const id = await project.checkpoint();
        const reference = packed(project, String(index));
        for (const name of treeFacts(project.root).keys())
          if (!name.includes('/') && name !== '.codeframe')
            rmSync(Buffer.from(`${project.root}/${name}`, 'latin1'), { recursive: true });
        await project.restore(id);
        expect(told(project.root)).toBe(told(reference));
      }
    },
  );
});
